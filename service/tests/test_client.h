#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace sluice::service {

// One TCP connection to a server under test, driven by hand: it sends any bytes, well formed or
// not. Reads give up (and return what they have) after ten seconds, so that a fault fails, not
// hangs.
class TestClient {
 public:
  explicit TestClient(uint16_t port);
  ~TestClient();
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  struct Response {
    int status = 0;                              // 0: the server closed without an answer
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;                            // empty when chunked: see ReadChunk
  };

  void Send(const std::string& bytes);
  void ShutdownSend();
  Response Read();
  // GET over this connection.
  Response Get(const std::string& target);
  // The next chunk's bytes; empty at the last one, and when the connection is gone.
  std::string ReadChunk();
  // True when the server has closed, or does within the time-out.
  bool AtEnd();

 private:
  bool Fill();
  std::string TakeLine();
  std::string Take(size_t bytes);

  int socket_ = -1;
  std::string buffer_;
};

}  // namespace sluice::service
