"""The DynamoDB tables, built from the models: `mailtide.store.tables` alone holds the schema."""

from collections.abc import Mapping

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.config import Config
from infra.constructs.retention import removal_policy
from mailtide.store.row import IndexSchema, Key, Schema
from mailtide.store.tables import ALL

# No Scan, no PartiQL, nothing that changes a table.
READ = ("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query")
WRITE = (
    "dynamodb:BatchWriteItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
)


class Tables(Construct):
    """Every table of the schema, on demand, named `<prefix>-<table>`."""

    def __init__(self, scope: Construct, id_: str, *, config: Config) -> None:
        super().__init__(scope, id_)
        self.prefix = config.stack_name
        schemas = [model.schema() for model in ALL]
        self.by_name = {schema.table: self._table(schema, config) for schema in schemas}
        self.indexed = [schema.table for schema in schemas if schema.indexes]

    def grant(self, grantee: iam.IGrantable, access: Mapping[str, str]) -> None:
        """Grant `r`, `w` or `rw` on each named table and its indexes.

        One statement for all tables of the same letters: a role's policy is of limited length.
        """
        for letters in sorted(set(access.values())):
            actions = [*(READ if "r" in letters else ()), *(WRITE if "w" in letters else ())]
            names = [name for name, given in access.items() if given == letters]
            iam.Grant.add_to_principal(
                grantee=grantee,
                actions=actions,
                resource_arns=[arn for name in names for arn in self._arns(name)],
            )

    def _arns(self, name: str) -> list[str]:
        arn = self.by_name[name].table_arn
        return [arn, f"{arn}/index/*"] if name in self.indexed else [arn]

    def _table(self, schema: Schema, config: Config) -> dynamodb.TableV2:
        hash_key, range_key = _attributes(schema.key)
        return dynamodb.TableV2(
            self,
            "".join(word.title() for word in schema.table.split("_")),
            table_name=f"{self.prefix}-{schema.table}",
            partition_key=hash_key,
            sort_key=range_key,
            global_secondary_indexes=[_index(index) for index in schema.indexes],
            time_to_live_attribute=schema.ttl,
            dynamo_stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES if schema.stream else None,
            billing=dynamodb.Billing.on_demand(),
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=config.retain_data,
            removal_policy=removal_policy(config),
        )


def _attributes(key: Key) -> tuple[dynamodb.Attribute, dynamodb.Attribute | None]:
    return _attribute(key, key.hash), _attribute(key, key.range) if key.range else None


def _attribute(key: Key, name: str) -> dynamodb.Attribute:
    number, text = dynamodb.AttributeType.NUMBER, dynamodb.AttributeType.STRING
    return dynamodb.Attribute(name=name, type=number if name in key.numbers else text)


def _index(index: IndexSchema) -> dynamodb.GlobalSecondaryIndexPropsV2:
    hash_key, range_key = _attributes(index.key)
    keys_only, whole = dynamodb.ProjectionType.KEYS_ONLY, dynamodb.ProjectionType.ALL
    return dynamodb.GlobalSecondaryIndexPropsV2(
        index_name=index.name,
        partition_key=hash_key,
        sort_key=range_key,
        projection_type=keys_only if index.keys_only else whole,
    )
