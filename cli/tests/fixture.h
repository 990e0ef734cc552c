// Runs `sluice` in this process against a node that answers what the test says.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "cli/run.h"
#include "service/client/tests/fake_server.h"

namespace sluice::cli {

struct Ran {
  Exit exit = Exit::kDone;
  std::string out;
  std::string err;
};

class CliTest : public ::testing::Test {
 protected:
  CliTest();

  // What "GET /path?query" gets: the replies one after the other, the last of them for ever.
  void On(const std::string& request, std::vector<testing::FakeReply> replies);
  void On(const std::string& request, const std::string& body) {
    On(request, std::vector<testing::FakeReply>{{.body = body}});
  }

  Ran Run(std::vector<std::string> arguments, const std::string& input = "");

  // All requests so far but those for the list of kinds, as "GET /path?query".
  std::vector<std::string> Requests() const;
  std::string BodyOf(const std::string& request) const;  // Of the last such request.

  // A folder of the test's own, and a file in it; returns its path.
  std::string File(const std::string& name, const std::string& text);

  std::map<std::string, std::string> variables_;
  std::vector<Duration> pauses_;
  std::stop_source stop_;
  std::string server_;  // Given as --server unless empty.

 private:
  testing::FakeReply Answer(const testing::FakeRequest& request);

  std::map<std::string, std::vector<testing::FakeReply>> replies_;
  std::map<std::string, size_t> answered_;
  std::string folder_;
  Time now_{1'000'000'000};
  int ids_ = 0;
  testing::FakeServer node_;  // Last: its threads call Answer.
};

inline constexpr const char* kBindings = "/apis/sluice.dev/v1/namespaces/default/bindings";

// A watch event line of a whole object.
std::string EventLine(const std::string& type, const std::string& object);

}  // namespace sluice::cli
