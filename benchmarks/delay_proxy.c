/* Delay proxy: a wire with a round-trip time, on loopback.
 *
 * delay_proxy PORT TARGET_PORT RTT_MICROSECONDS
 *
 * What is read is passed on half a round trip later, in either direction; a new connection reaches
 * the target after one and a half (its handshake). No loss, no limit to the bandwidth. One thread.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 65536, EVENTS = 256 };

struct chunk { struct chunk *next; uint64_t due; size_t size, sent; char data[]; };
struct end { struct pair *pair; int fd, dead; struct chunk *first, **last; }; /* first: to be written here */
struct pair { struct pair *next; struct end ends[2]; uint64_t connect_at; };

static uint64_t half;
static struct pair *pairs;
static int poller;

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void prepare(int fd) {
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static struct sockaddr_in loopback(int port) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
}

/* A chunk of no bytes stands for the end of the stream. */
static void put_off(struct end *to, const char *data, size_t size, uint64_t due) {
    struct chunk *c = malloc(sizeof *c + size);
    c->next = NULL, c->due = due, c->size = size, c->sent = 0;
    if (size) memcpy(c->data, data, size);
    *to->last = c;
    to->last = &c->next;
}

static void take(struct end *from) {
    static char buffer[CHUNK];
    struct end *to = &from->pair->ends[from == &from->pair->ends[0]];
    for (;;) {
        ssize_t n = read(from->fd, buffer, sizeof buffer);
        if (n < 0 && errno == EAGAIN) return;
        put_off(to, buffer, n > 0 ? n : 0, now() + half);
        if (n <= 0) {
            epoll_ctl(poller, EPOLL_CTL_DEL, from->fd, NULL);
            return;
        }
        if (n < CHUNK) return;
    }
}

/* Write what is due; return when the next chunk is, or 0. */
static uint64_t pass_on(struct end *to, uint64_t t) {
    while (to->first && to->fd >= 0) {
        struct chunk *c = to->first;
        if (c->due > t) return c->due;
        if (!c->size) {
            shutdown(to->fd, SHUT_WR);
            to->dead = 1;
        } else {
            ssize_t n = send(to->fd, c->data + c->sent, c->size - c->sent, MSG_NOSIGNAL);
            if (n < 0 && errno == EAGAIN) return t + 100000;
            if (n >= 0 && (c->sent += n) < c->size) continue;
        }
        if (!(to->first = c->next)) to->last = &to->first;
        free(c);
    }
    return 0;
}

static void watch(struct end *e) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = e};
    epoll_ctl(poller, EPOLL_CTL_ADD, e->fd, &event);
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    int target = atoi(argv[2]), one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    half = strtoull(argv[3], NULL, 10) * 500;
    struct sockaddr_in address = loopback(atoi(argv[1]));
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (void *)&address, sizeof address) || listen(listener, 1024)) return 1;
    fcntl(listener, F_SETFL, O_NONBLOCK);
    poller = epoll_create1(0);
    struct epoll_event accepting = {.events = EPOLLIN, .data.ptr = NULL}, events[EVENTS];
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &accepting);
    for (;;) {
        uint64_t t = now(), next = 0;
        for (struct pair **p = &pairs; *p;) {
            struct pair *pair = *p;
            if (pair->ends[1].fd < 0 && pair->connect_at <= t) {
                struct sockaddr_in to = loopback(target);
                pair->ends[1].fd = socket(AF_INET, SOCK_STREAM, 0);
                connect(pair->ends[1].fd, (void *)&to, sizeof to);
                prepare(pair->ends[1].fd);
                watch(&pair->ends[1]);
            }
            uint64_t dues[3] = {pass_on(&pair->ends[0], t), pass_on(&pair->ends[1], t),
                                pair->ends[1].fd < 0 ? pair->connect_at : 0};
            for (int i = 0; i < 3; i++)
                if (dues[i] && (!next || dues[i] < next)) next = dues[i];
            if (pair->ends[0].dead && pair->ends[1].dead) {
                close(pair->ends[0].fd), close(pair->ends[1].fd);
                *p = pair->next;
                free(pair);
            } else
                p = &pair->next;
        }
        struct timespec wait = {0}, *timeout = NULL;
        t = now();
        if (next) {
            uint64_t left = next > t ? next - t : 0;
            wait.tv_sec = left / 1000000000ull, wait.tv_nsec = left % 1000000000ull;
            timeout = &wait;
        }
        int count = epoll_pwait2(poller, events, EVENTS, timeout, NULL);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr) {
                take(events[i].data.ptr);
                continue;
            }
            int fd = accept(listener, NULL, NULL);
            if (fd < 0) continue;
            prepare(fd);
            struct pair *pair = calloc(1, sizeof *pair);
            for (int e = 0; e < 2; e++) {
                pair->ends[e].pair = pair;
                pair->ends[e].fd = e ? -1 : fd;
                pair->ends[e].last = &pair->ends[e].first;
            }
            pair->connect_at = now() + 3 * half;
            pair->next = pairs;
            pairs = pair;
            watch(&pair->ends[0]);
        }
    }
}
