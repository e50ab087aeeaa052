"""tproxy.py <tcp port> <udp port>: takes connections and datagrams that TPROXY hands it, whatever their destination, and carries each client's
on by one connection, or socket, of its own to that destination. For the lab: it serves until it is ended."""

import select
import socket
import struct
import sys
import threading

# linux/in.h, which Python's socket module does not name
IP_TRANSPARENT = 19
IP_RECVORIGDSTADDR = 20
LONGEST = 65536


def transparent(kind, address):
    made = socket.socket(socket.AF_INET, kind)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_IP, IP_TRANSPARENT, 1)
    if kind == socket.SOCK_DGRAM:
        made.setsockopt(socket.SOL_IP, IP_RECVORIGDSTADDR, 1)
    made.bind(address)
    return made


def carry(client, server):
    """Bytes both ways, until both ends have said that there are no more."""
    others = {client: server, server: client}
    while others:
        for ready in select.select(list(others), [], [])[0]:
            data = ready.recv(LONGEST)
            if data:
                others[ready].sendall(data)
            else:
                others.pop(ready).shutdown(socket.SHUT_WR)


def serve_tcp(port):
    listener = transparent(socket.SOCK_STREAM, ("0.0.0.0", port))
    listener.listen()
    while True:
        client, _ = listener.accept()
        # its own address is the one that the client called
        server = socket.create_connection(client.getsockname())
        threading.Thread(target=carry, args=(client, server), daemon=True).start()


def answer(client, called, server):
    """What the server answers comes to the client from the address that it called."""
    back = transparent(socket.SOCK_DGRAM, called)
    while True:
        back.sendto(server.recv(LONGEST), client)


def serve_udp(port):
    listener = transparent(socket.SOCK_DGRAM, ("0.0.0.0", port))
    servers = {}
    while True:
        data, controls, _, client = listener.recvmsg(LONGEST, 256)
        called = next(address for level, kind, address in controls if (level, kind) == (socket.SOL_IP, IP_RECVORIGDSTADDR))
        where = (socket.inet_ntoa(called[4:8]), struct.unpack("!H", called[2:4])[0])
        if (client, where) not in servers:
            servers[client, where] = server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            server.connect(where)
            threading.Thread(target=answer, args=(client, where, server), daemon=True).start()
        servers[client, where].send(data)


threading.Thread(target=serve_udp, args=(int(sys.argv[2]),), daemon=True).start()
serve_tcp(int(sys.argv[1]))
