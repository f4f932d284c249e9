"""Provider hosts: who receives for the domains whose MX hosts end so, on a label boundary.

One provider a paragraph, further lines indented.
Source: docs/domain/providers.md (what it was compiled from).
"""

HOSTS = """
21cn: 21cn.com
abv_bg: abv.bg
alibaba_mail: aliyun.com mxhichina.com
altospam: altospam.com
amazon_ses_inbound: inbound-smtp.eu-west-1.amazonaws.com inbound-smtp.us-east-1.amazonaws.com
    inbound-smtp.us-west-2.amazonaws.com
amazon_workmail: awsapps.com
appriver_zix: arsmtp.com zixmail.net
aruba: aruba.it arubabusiness.it
att: mx-vip.prodigy.net prodigy.net
au_kddi: au.com ezweb.ne.jp
azet_sk: azet.sk
barracuda: barracudanetworks.com cudamail.com
bell: bell.net sympatico.ca
biglobe: biglobe.ne.jp
bluehost: bluehost.com
bluewin: bluewin.ch
bouygues: bbox.fr bouyguestelecom.fr
bt: bt.lon5.cpcloud.co.uk btinternet.com cpcloud.co.uk
centrum_cz: centrum.cz centrum.sk
centurylink: centurylink.net
china_mobile_139: 139.com
cisco_cloud_email: iphmx.com
citromail_hu: citromail.hu
cloudflare_email_routing: mx.cloudflare.net
comcast: comcast.net
cox: cloudfilter.net cox.net
cyren: ctmail.com
daum: daum.net hanmail.net kakao.com
docomo: docomo.ne.jp
dreamhost: dreamhost.com
duckduckgo: duck.com
earthlink: earthlink-vadesecure.net earthlink.net
eir: eircom.net
eleven_expurgate: expurgate.net
elisa_fi: elisa.fi
fastmail: messagingengine.com
fastweb: fastwebnet.it
forcepoint: mailcontrol.com
fortimail: fortimailcloud.com
forwardemail: forwardemail.net
free: free.fr mx1.free.fr
freemail_hu: freemail.hu
freenet: freenet.de
frontier: frontier.com
gandi: gandi.net
gmail: aspmx.l.google.com aspmx2.googlemail.com aspmx3.googlemail.com aspmx4.googlemail.com
    aspmx5.googlemail.com gmail-smtp-in.l.google.com google.com googlemail.com psmtp.com
    smtp.google.com
gmx: emig.gmx.net gmx.com gmx.net mx00.emig.gmx.net
godaddy: secureserver.net
google_groups: gmr-smtp-in.l.google.com
heluna: heluna.com
hey: hey.com
home_pl: home.pl
hornetsecurity: antispameurope.com hornetsecurity.com
hostgator: websitewelcome.com
hostinger: hostinger.com
hostpoint: hostpoint.ch
i3_mailfoundry: smtproutes.com
i_ua: email.ua i.ua
icloud: icloud.com mail.icloud.com mail.me.com me.com.akadns.net
ig_br: ig.com.br
iinet: iinet.net.au tpg.com.au
improvmx: improvmx.com
inbox_lv: inbox.lv
infomaniak: infomaniak.ch infomaniak.com
interia_pl: interia.pl
intermedia: intermedia.net serverdata.net
ionos: 1and1.co.uk 1and1.com 1and1.fr ionos.co.uk ionos.com ionos.de ionos.es ionos.fr
    kundenserver.de perfora.net schlund.de
kpn: kpnmail.nl kpnxchange.com xs4all.nl
laposte: laposte.net smtpz4.laposte.net
libero: iol.it italiaonline.it libero.it
libraesva: esvacloud.com
locaweb: locaweb.com.br
mail_com: mail.com mx00.mail.com mx01.mail.com
mail_ee: mail.ee
mailbox_org: mailbox.org
mailchannels: mailchannels.net
mailgun_inbound: mailgun.org
mailinator: mailinator.com
mailinblack: mailinblack.com
mailru: emx.mail.ru mail.ru mxs.mail.ru
mcafee: mxlogic.net
microsoft365: mail.eo.outlook.com mail.protection.office365.us mail.protection.outlook.com
    mail.protection.outlook.de mail.protection.partner.outlook.cn mx.microsoft
    protection.office365.us
migadu: migadu.com
mimecast: mimecast-offshore.com mimecast.co.za mimecast.com
mxroute: mxroute.com
namecheap: privateemail.com registrar-servers.com web-hosting.com
naver: naver.com
netease: 163mx01.mxmail.netease.com netease.com
netease_business: qiye.163.com
network_solutions: netsolmail.net
nifty: nifty.com
nospamproxy: nospamproxy.com
ocn: ocn.ad.jp ocn.ne.jp
one_com: one.com
onet_pl: onet.pl
optimum: altice.net optonline.net
optus: optusnet.com.au
orange: orange.fr smtp-in.orange.fr wanadoo.fr
outlook: hotmail.com olc.protection.outlook.com
ovh: mail.ovh.net ovh.ca ovh.net
perception_point: tmdmx.com
plusnet: plus.net
pobox: pobox.com
posteo: posteo.de
proofpoint: gpphosted.com pphosted.com
proofpoint_essentials: ppe-hosted.com
proton: protonmail.ch
proximus_be: proximus.be skynet.be
qq: qq.com
rackspace: emailsrvr.com
rambler: rambler.ru
rediffmail: rediff.akadns.net rediffmailpro.com
register_it: register.it
retarus: retarus.com retarus.de
rogers: rogers.com
sapo: sapo.pt
sendgrid_inbound: sendgrid.net
seznam: seznam.cz
sfr: numericable.fr sfr.fr
shaw: shaw.ca
simplelogin: simplelogin.co
sina: sina.com.cn sinamail.sina.com.cn
siteground: mailspamprotection.com
sky_uk: sky.com
so-net: so-net.ne.jp
softbank: softbank.jp softbank.ne.jp
sohu: sohu.com
sophos: hydra.sophos.com sophos.com
spamexperts: antispamcloud.com spamexperts.com spamexperts.eu
spamhero: spamh.com spamhero.com
spark_nz: xtra.co.nz
spectrum: charter.net rr.com spectrum.net
staysecure: staysecuregroup.com
strato: rzone.de strato.de
symantec_cloud: inboundmx.com messagelabs.com
t-online: mx0.t-online.de t-online.de
talktalk: talktalk.net
telenet_be: telenet-ops.be telenet.be
telenor_no: online.no
telenor_se: bredband.net
telia: telia.com
telstra: bigpond.com telstra.com
telus: telus.net
tencent_exmail: mxbiz1.qq.com mxbiz2.qq.com
terra: terra.com terra.com.br
tim_it: alice.it tim.it
tiscali_it: tiscali.it
titan: titan.email
transip: transip.email
trellix: fireeyecloud.com
trend_micro: tmes.trendmicro.com trendmicro.com trendmicro.eu
tucows_hostedemail: hostedemail.com
tuta: tutanota.de tutao.de
ukr_net: ukr.net
uol: bol.com.br uol.com.br
vade_secure: vadesecure.net
videotron: videotron.ca
virgilio: virgilio.it
virgin_media: mx.tb.ukmail.iss.as9143.net virginmedia.com
vodafone_de: arcor-online.net vodafonemail.de
webde: mx-ha.web.de web.de
windstream: windstream.net
wp_pl: o2.pl wp.pl
yahoo: mail.aol.com mx.aol.com yahoodns.net
yahoo_jp: mail.yahoo.co.jp ybb.ne.jp
yahoo_smallbiz: biz.mail.yahoo.com mx-biz.mail.am0.yahoodns.net
yandex: mx.yandex.ru yandex.ru
yandex_360: mx.yandex.net yandex.net
yousee_dk: mail.dk
ziggo: mail.upcmail.net tb.mail.iss.as9143.net ziggo.nl
zoho: mx.zoho.com zoho.com zoho.com.au zoho.eu zoho.in zoho.jp zohocloud.ca zohomail.com
"""
