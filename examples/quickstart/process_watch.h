// Counts, from outside, how many processes run a program at once.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <thread>

// Looks at /proc every few milliseconds from a thread of its own, from construction to destruction.
// A process belongs to the revision that follows --revision on its command line. What is between
// fork and exec, or dead and not yet reaped, runs nothing and is not counted.
class ProcessWatch {
 public:
  explicit ProcessWatch(std::filesystem::path program);

  // Revision -> the most processes of it ever seen in one look. From any thread.
  std::map<std::string, int> most() const;

 private:
  void Look();

  const std::filesystem::path program_;
  mutable std::mutex mutex_;
  std::map<std::string, int> most_;  // Guarded by mutex_.
  std::jthread thread_;              // Last: it uses all of the above.
};
