#include "service/tests/test_client.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace sluice::service {

TestClient::TestClient(uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
  const timeval ten_seconds{10, 0};
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &ten_seconds, sizeof(ten_seconds));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  (void)!connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

TestClient::~TestClient() { close(socket_); }

void TestClient::Send(const std::string& bytes) {
  for (size_t sent = 0; sent < bytes.size();) {
    const ssize_t n = send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return;  // the server closed; what it said before is still to be read
    sent += static_cast<size_t>(n);
  }
}

void TestClient::ShutdownSend() { shutdown(socket_, SHUT_WR); }

bool TestClient::Fill() {
  char bytes[16 * 1024];
  const ssize_t n = recv(socket_, bytes, sizeof(bytes), 0);
  if (n <= 0) return false;
  buffer_.append(bytes, static_cast<size_t>(n));
  return true;
}

std::string TestClient::TakeLine() {
  size_t end = 0;
  while ((end = buffer_.find("\r\n")) == std::string::npos) {
    if (!Fill()) return {};
  }
  std::string line = buffer_.substr(0, end);
  buffer_.erase(0, end + 2);
  return line;
}

std::string TestClient::Take(size_t bytes) {
  while (buffer_.size() < bytes && Fill()) {
  }
  std::string taken = buffer_.substr(0, bytes);
  buffer_.erase(0, bytes);
  return taken;
}

TestClient::Response TestClient::Read() {
  Response response;
  const std::string first = TakeLine();
  if (first.size() < 12) return response;
  response.status = std::atoi(first.c_str() + 9);
  for (std::string line = TakeLine(); !line.empty(); line = TakeLine()) {
    const size_t colon = line.find(": ");
    std::string name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    response.headers[name] = line.substr(colon + 2);
  }
  const auto length = response.headers.find("content-length");
  if (length != response.headers.end()) {
    response.body = Take(static_cast<size_t>(std::atoll(length->second.c_str())));
  }
  return response;
}

TestClient::Response TestClient::Get(const std::string& target) {
  Send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  return Read();
}

std::string TestClient::ReadChunk() {
  const std::string size = TakeLine();
  std::string bytes = Take(std::strtoul(size.c_str(), nullptr, 16));
  TakeLine();
  return bytes;
}

bool TestClient::AtEnd() {
  if (!buffer_.empty()) return false;
  return !Fill();
}

}  // namespace sluice::service
