// test_server PORT: answers every connection on SLUICE_ADDRESS:PORT with "200 OK"; exit code 98
// when the port is taken. What tests run where a shell is not enough.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char** argv) {
  const char* address = getenv("SLUICE_ADDRESS");
  if (argc != 2 || address == nullptr) return 2;
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(static_cast<uint16_t>(atoi(argv[1])));
  inet_pton(AF_INET, address, &at.sin_addr);
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0 ||
      listen(listener, 16) != 0) {
    perror("bind");
    return 98;
  }
  for (;;) {
    const int connection = accept(listener, nullptr, nullptr);
    if (connection < 0) return 1;
    char request[1024];
    const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    if (read(connection, request, sizeof request) > 0) {
      if (write(connection, answer, sizeof answer - 1) < 0) perror("write");
    }
    close(connection);
  }
}
