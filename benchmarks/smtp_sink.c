/* SMTP sink: takes all messages and counts them; offers PIPELINING and CHUNKING, which Postfix's
 * smtp-sink lacks.
 *
 * smtp_sink PORT        prints "MESSAGES BYTES" when it is told to end (SIGTERM)
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER = 1 << 17, EVENTS = 64 };

struct client {
    int fd, in_data;
    size_t chunk, size; /* bytes of a BDAT to come; bytes in the buffer */
    char buffer[BUFFER];
};

static unsigned long messages, bytes;

static void report(int signal) {
    (void)signal;
    char text[64];
    int n = snprintf(text, sizeof text, "%lu %lu\n", messages, bytes);
    _exit(write(1, text, n) != n);
}

/* Read one client until nothing comes; answer once. Returns 0 when it is gone. */
static int serve(struct client *c) {
    char out[8192], *o = out;
    size_t start = 0;
    ssize_t n = recv(c->fd, c->buffer + c->size, BUFFER - c->size, 0);
    if (n <= 0) return n < 0 && errno == EAGAIN;
    c->size += n;
    while (start < c->size && o < out + sizeof out - 256) {
        char *at = c->buffer + start;
        size_t left = c->size - start;
        if (c->chunk) {
            size_t taken = left < c->chunk ? left : c->chunk;
            c->chunk -= taken, start += taken, bytes += taken;
            if (!c->chunk) messages++, o = stpcpy(o, "250 2.0.0 Ok: queued as 4F1B2C\r\n");
            continue;
        }
        if (c->in_data) {
            char *end = left >= 3 && !memcmp(at, ".\r\n", 3) && c->in_data == 1
                            ? at - 2 : memmem(at, left, "\r\n.\r\n", 5);
            if (!end) { /* keep what may be the beginning of the end */
                size_t taken = left > 4 ? left - 4 : 0;
                start += taken, bytes += taken;
                if (taken) c->in_data = 2;
                break;
            }
            bytes += end + 5 - at, start = end + 5 - c->buffer, c->in_data = 0;
            messages++, o = stpcpy(o, "250 2.0.0 Ok: queued as 4F1B2C\r\n");
            continue;
        }
        char *line = memchr(at, '\n', left);
        if (!line) break;
        start = line + 1 - c->buffer;
        if (!strncasecmp(at, "MAIL", 4)) o = stpcpy(o, "250 2.1.0 Ok\r\n");
        else if (!strncasecmp(at, "RCPT", 4)) o = stpcpy(o, "250 2.1.5 Ok\r\n");
        else if (!strncasecmp(at, "DATA", 4)) c->in_data = 1, o = stpcpy(o, "354 End data with <CR><LF>.<CR><LF>\r\n");
        else if (!strncasecmp(at, "BDAT", 4)) c->chunk = strtoul(at + 5, NULL, 10);
        else if (!strncasecmp(at, "EHLO", 4)) o = stpcpy(o, "250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 CHUNKING\r\n");
        else if (!strncasecmp(at, "QUIT", 4)) { (void)!write(c->fd, "221 Bye\r\n", 9); return 0; }
        else o = stpcpy(o, "250 Ok\r\n");
    }
    memmove(c->buffer, c->buffer + start, c->size -= start);
    return o == out || send(c->fd, out, o - out, MSG_NOSIGNAL) > 0;
}

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0), poller = epoll_create1(0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
    struct epoll_event event = {.events = EPOLLIN}, events[EVENTS];
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (void *)&address, sizeof address) || listen(listener, 1024)) return 1;
    signal(SIGTERM, report);
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int count = epoll_wait(poller, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            struct client *c = events[i].data.ptr;
            if (c) {
                if (!serve(c)) close(c->fd), free(c);
                continue;
            }
            int fd = accept(listener, NULL, NULL);
            if (fd < 0 || !(c = malloc(sizeof *c))) continue;
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            fcntl(fd, F_SETFL, O_NONBLOCK);
            c->fd = fd, c->in_data = 0, c->chunk = c->size = 0;
            event.data.ptr = c;
            epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
            (void)!write(fd, "220 sink ESMTP\r\n", 16);
        }
    }
}
