#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <sstream>

#include "providers/local/event_loop.h"
#include "providers/local/supervisor.h"
#include "providers/local/tests/manual_scheduler.h"

namespace sluice::local {

// A directory that goes with its holder.
class TempDir {
 public:
  TempDir() {
    char name[] = "/tmp/sluice-local-XXXXXX";
    path_ = mkdtemp(name);
  }
  ~TempDir() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline std::string ReadText(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

inline const InstanceId kWeb{"default", "web"};

// A unique uid per directory, so that markers of tests side by side differ.
inline ProcessSpec ShellSpec(const TempDir& dir, const std::string& script) {
  ProcessSpec spec;
  spec.uid = "uid-" + dir.path().filename().string();
  spec.generation = 1;
  spec.command = {"/bin/sh", "-c", script};
  spec.address = "127.0.0.1";
  return spec;
}

// A supervisor of real processes on time that a test moves.
class TestHost {
 public:
  explicit TestHost(const std::filesystem::path& data, SupervisorOptions options = {}) {
    options.data_dir = data;
    options.working_dir = data;
    Result<std::unique_ptr<Supervisor>> opened = Supervisor::Open(
        options, clock, loop, [this](const ProcessStatus& status) { seen.push_back(status); });
    EXPECT_TRUE(opened) << opened.error().message;
    supervisor = std::move(*opened);
  }

  // Waits for events, not for time, until it is so.
  template <class Predicate>
  void Until(Predicate predicate) {
    while (!predicate()) {
      if (!clock.Advance(Micros(0))) loop.RunOne();
    }
  }

  // As Until, for what is found by looking again: time passes, too.
  template <class Predicate>
  void UntilLooking(Predicate predicate) {
    while (!predicate()) {
      loop.Post([] {});
      loop.RunOne();
      clock.Advance(Micros(20'000));
    }
  }

  void UntilState(ProcessState state, const InstanceId& id = kWeb) {
    Until([&] { return StateOf(id) == state; });
  }

  ProcessState StateOf(const InstanceId& id = kWeb) const {
    const auto status = supervisor->Get(id);
    return status ? status->state : ProcessState::kRemoved;
  }

  ProcessStatus Status(const InstanceId& id = kWeb) const { return supervisor->Get(id).value(); }

  void Run(const ProcessSpec& spec, const InstanceId& id = kWeb) {
    const Result<void> prepared = supervisor->Prepare(id, spec);
    ASSERT_TRUE(prepared) << prepared.error().message;
    const Result<void> started = supervisor->Start(id);
    ASSERT_TRUE(started) << started.error().message;
  }

  // Removes the instance and waits until its process is gone.
  void Clean(const InstanceId& id = kWeb) {
    ASSERT_TRUE(supervisor->Remove(id));
    UntilState(ProcessState::kRemoved, id);
  }

  EventLoop loop;
  ManualScheduler clock;
  std::vector<ProcessStatus> seen;
  std::unique_ptr<Supervisor> supervisor;
};

}  // namespace sluice::local
