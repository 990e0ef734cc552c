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
    const std::string revision = RevisionOf(entry.path());
    if (!revision.empty()) ++now[revision];  // Gone since, if empty.
  }
  const std::lock_guard lock(mutex_);
  for (const auto& [revision, count] : now) most_[revision] = std::max(most_[revision], count);
}
