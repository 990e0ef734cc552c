#include "providers/local/listener_owner.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <vector>

namespace sluice::local {
namespace {

constexpr char kListenState[] = "0A";
constexpr char kAnyV6[] = "00000000000000000000000000000000";
constexpr char kMappedV6[] = "0000000000000000FFFF0000";

using Directory = std::unique_ptr<DIR, int (*)(DIR*)>;
Directory OpenDirectory(const std::string& path) { return {opendir(path.c_str()), closedir}; }

// Of the sockets that listen, those that get connections to the address: the kernel prefers the one
// bound to it to one bound to all.
struct Listeners {
  std::set<std::string> exact;
  std::set<std::string> any;
  const std::set<std::string>& taking() const { return exact.empty() ? any : exact; }
};

void ReadTable(const char* path, const std::string& exact, const std::string& any,
               const std::string& port, Listeners& listeners) {
  std::ifstream in(path);
  std::string line;
  while (std::getline(in, line)) {
    std::istringstream fields(line);
    std::string local, state, inode, skip;
    fields >> skip >> local >> skip >> state >> skip >> skip >> skip >> skip >> skip >> inode;
    if (state != kListenState || !local.ends_with(port)) continue;
    local.resize(local.size() - port.size());
    if (local == exact) listeners.exact.insert(inode);
    if (local == any) listeners.any.insert(inode);
  }
}

pid_t ParentOf(pid_t pid) {
  std::ifstream in(fmt::format("/proc/{}/stat", pid));
  std::string text;
  std::getline(in, text);
  const size_t name_end = text.rfind(')');  // The name before it may hold anything.
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(text.substr(name_end + 1));
  std::string state;
  pid_t parent = 0;
  fields >> state >> parent;
  return parent;
}

std::vector<pid_t> Descendants(pid_t keeper) {
  std::multimap<pid_t, pid_t> children;
  const Directory proc = OpenDirectory("/proc");
  while (const dirent* entry = proc ? readdir(proc.get()) : nullptr) {
    const pid_t pid = std::atoi(entry->d_name);
    if (pid > 0) children.emplace(ParentOf(pid), pid);
  }
  std::vector<pid_t> found{keeper};
  for (size_t i = 0; i < found.size(); ++i) {
    const auto [begin, end] = children.equal_range(found[i]);
    for (auto child = begin; child != end; ++child) found.push_back(child->second);
  }
  return found;
}

enum class Holds : uint8_t { kYes, kNo, kUnreadable };

Holds HoldsOneOf(pid_t pid, const std::set<std::string>& inodes) {
  const std::string path = fmt::format("/proc/{}/fd", pid);
  const Directory fds = OpenDirectory(path);
  if (!fds) return errno == ENOENT || errno == ESRCH ? Holds::kNo : Holds::kUnreadable;
  while (const dirent* entry = readdir(fds.get())) {
    char target[64];
    const ssize_t size = readlink((path + "/" + entry->d_name).c_str(), target, sizeof target);
    std::string_view text(target, size > 0 ? static_cast<size_t>(size) : 0);
    constexpr std::string_view kSocket = "socket:[";
    if (!text.starts_with(kSocket) || !text.ends_with(']')) continue;
    text.remove_prefix(kSocket.size());
    text.remove_suffix(1);
    if (inodes.contains(std::string(text))) return Holds::kYes;
  }
  return Holds::kNo;
}

}  // namespace

ListenerOwner FindListenerOwner(const std::string& address, uint16_t port, pid_t keeper) {
  in_addr parsed{};
  if (inet_pton(AF_INET, address.c_str(), &parsed) != 1) return ListenerOwner::kUnknown;
  // The tables show each 32 bits of an address as the host's own number.
  const std::string v4 = fmt::format("{:08X}", parsed.s_addr);
  const std::string suffix = fmt::format(":{:04X}", port);
  Listeners listeners;
  ReadTable("/proc/net/tcp", v4, "00000000", suffix, listeners);
  ReadTable("/proc/net/tcp6", kMappedV6 + v4, kAnyV6, suffix, listeners);
  if (listeners.taking().empty()) return ListenerOwner::kUnknown;

  // Where other users' processes are hidden, one of ours may be among them.
  bool unreadable = access("/proc/1/stat", R_OK) != 0;
  for (const pid_t pid : Descendants(keeper)) {
    switch (HoldsOneOf(pid, listeners.taking())) {
      case Holds::kYes:
        return ListenerOwner::kDescendant;
      case Holds::kNo:
        break;
      case Holds::kUnreadable:
        unreadable = true;
        break;
    }
  }
  return unreadable ? ListenerOwner::kUnknown : ListenerOwner::kStranger;
}

}  // namespace sluice::local
