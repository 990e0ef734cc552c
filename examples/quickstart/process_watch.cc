#include "examples/quickstart/process_watch.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stop_token>
#include <utility>
#include <vector>

namespace fs = std::filesystem;

namespace {

// The provider starts each in a session of its own. Others that look the same are parts of one: a
// leak checker's, say, while it ends.
bool LeadsItsSession(const fs::path& process) {
  std::ifstream in(process / "stat");
  std::string stat;
  std::getline(in, stat);
  // "pid (name) state ppid pgrp session ...", and a name may hold anything.
  const size_t end_of_name = stat.rfind(')');
  if (end_of_name == std::string::npos) return false;
  std::istringstream rest(stat.substr(end_of_name + 1));
  std::string state;
  int parent = 0;
  int group = 0;
  int session = 0;
  rest >> state >> parent >> group >> session;
  return process.filename() == std::to_string(session);
}

std::string RevisionOf(const fs::path& process) {
  std::ifstream in(process / "cmdline", std::ios::binary);
  std::string argument;
  bool is_next = false;
  while (std::getline(in, argument, '\0')) {
    if (is_next) return argument;
    is_next = argument == "--revision";
  }
  return "";
}

}  // namespace

ProcessWatch::ProcessWatch(fs::path program)
    : program_(std::move(program)), thread_([this](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
          Look();
          std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
      }) {}

std::map<std::string, int> ProcessWatch::most() const {
  const std::lock_guard lock(mutex_);
  return most_;
}

void ProcessWatch::Look() {
  std::map<std::string, int> now;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    if (!std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; }))
      continue;
    if (fs::read_symlink(entry.path() / "exe", error) != program_ || error) continue;
    if (!LeadsItsSession(entry.path())) continue;
    const std::string revision = RevisionOf(entry.path());
    if (!revision.empty()) ++now[revision];  // Gone since, if empty.
  }
  const std::lock_guard lock(mutex_);
  for (const auto& [revision, count] : now) most_[revision] = std::max(most_[revision], count);
}
