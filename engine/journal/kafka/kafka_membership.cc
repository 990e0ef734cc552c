#include "engine/journal/kafka/kafka_membership.h"

#include <algorithm>
#include <chrono>

namespace sluice::kafka {
namespace {

constexpr Duration kPoll = Duration::Millis(100);
// A longer gap means that this process did not run: it says nothing about the group.
constexpr Duration kPassedMax = Duration::Millis(300);
constexpr std::chrono::seconds kWatch{2};
// A term that does not close sooner is fenced by the next owner.
constexpr std::chrono::seconds kHandOverMax{10};
constexpr Duration kBackOffFirst = Duration::Seconds(1);
constexpr Duration kBackOffLast = Duration::Seconds(30);

std::string OwnersGroup(const KafkaJournal::Core& core) { return core.options.cluster + ".owners"; }

// "NAME@HOST:PORT", and "/N" where it keeps N partitions of others warm and not all.
constexpr char kBeforeAddress = '@';
constexpr char kBeforeWarm = '/';

std::string MemberName(const KafkaOptions& options, const std::string& address) {
  std::string name = options.node + kBeforeAddress + address;
  if (options.warm) name += kBeforeWarm + std::to_string(*options.warm);
  return name;
}

NodeInfo NodeOf(Admin::Member member) {
  NodeInfo node{.name = member.client_id, .address = "", .partitions = {}};
  node.partitions = std::move(member.partitions);
  const size_t at = node.name.rfind(kBeforeAddress);
  if (at == std::string::npos) return node;
  node.address = node.name.substr(at + 1);
  node.name.resize(at);
  const size_t warm = node.address.find(kBeforeWarm);
  if (warm == std::string::npos) return node;
  node.warm = static_cast<uint32_t>(std::strtoul(&node.address[warm + 1], nullptr, 10));
  node.address.resize(warm);
  return node;
}

// Of the node in the group: what `sluice get nodes` tells nodes by.
Config MemberConfig(const KafkaJournal::Core& core, const std::string& address) {
  Config config = core.ReaderConfig();
  config["group.id"] = OwnersGroup(core);
  config["client.id"] = MemberName(core.options, address);
  config["partition.assignment.strategy"] = "cooperative-sticky";
  config.emplace("heartbeat.interval.ms", "500");
  config["session.timeout.ms"] = std::to_string(core.SessionTimeoutMs());
  return config;
}

}  // namespace

Membership::Membership(KafkaJournal::Core& core) : core_(core), held_(core.partitions) {}

Result<std::unique_ptr<Membership>> Membership::Join(KafkaJournal::Core& core,
                                                     const std::string& address) {
  std::unique_ptr<Membership> self(new Membership(core));
  const Config config = MemberConfig(core, address);
  self->session_timeout_ = Duration::Millis(core.SessionTimeoutMs());
  auto member = GroupMember::Make(
      config, core.names.commands,
      {.assigned = [raw = self.get()](const auto& partitions) { raw->Assigned(partitions); },
       .revoked = [raw = self.get()](const auto& partitions) { raw->Revoked(partitions); },
       .lost = [raw = self.get()](const auto& partitions) { raw->Lost(partitions); }});
  if (!member) return tl::unexpected<Error>(std::move(member.error()));
  self->member_ = std::move(*member);
  self->thread_ = std::thread([raw = self.get()] { raw->Run(); });
  self->watcher_ = std::thread([raw = self.get()] { raw->Watch(); });
  return self;
}

Membership::~Membership() {
  {
    const std::lock_guard lock(watch_mutex_);
    stopping_ = true;
  }
  watch_ended_.notify_all();
  if (thread_.joinable()) thread_.join();
  if (watcher_.joinable()) watcher_.join();
}

void Membership::Watch() {
  std::unique_lock lock(watch_mutex_);
  while (!stopping_) {
    lock.unlock();
    if (auto members = core_.admin->Members(OwnersGroup(core_))) {
      std::vector<NodeInfo> nodes;
      for (Admin::Member& member : *members) nodes.push_back(NodeOf(std::move(member)));
      std::sort(nodes.begin(), nodes.end(),
                [](const NodeInfo& one, const NodeInfo& other) { return one.name < other.name; });
      const std::lock_guard guard(mutex_);
      nodes_ = std::move(nodes);
    }
    lock.lock();
    watch_ended_.wait_for(lock, kWatch, [&] { return stopping_.load(); });
  }
}

std::vector<NodeInfo> Membership::Nodes() const {
  const std::lock_guard lock(mutex_);
  return nodes_;
}

void Membership::Run() {
  using Clock = std::chrono::steady_clock;
  auto before = Clock::now();
  while (!stopping_) {
    const Result<void> polled = member_->Poll(kPoll);
    if (!polled) {
      const std::lock_guard lock(mutex_);
      trouble_ = polled.error().message;
    }
    const auto now = Clock::now();
    Passed(Duration::Micros(
        std::chrono::duration_cast<std::chrono::microseconds>(now - before).count()));
    before = now;
  }
  member_.reset();
}

void Membership::Assigned(const std::vector<uint32_t>& partitions) {
  {
    const std::lock_guard lock(mutex_);
    joined_ = true;
    trouble_.clear();
    for (const uint32_t partition : partitions) held_[partition] = {.assigned = true};
  }
  for (uint32_t partition = 0; partition < held_.size(); ++partition) core_.Notify(partition);
}

void Membership::Lost(const std::vector<uint32_t>& partitions) {
  {
    const std::lock_guard lock(mutex_);
    joined_ = false;
    for (const uint32_t partition : partitions) held_[partition].assigned = false;
  }
  for (const uint32_t partition : partitions) core_.Notify(partition);
}

void Membership::Revoked(const std::vector<uint32_t>& partitions) {
  {
    const std::lock_guard lock(mutex_);
    for (const uint32_t partition : partitions) held_[partition].assigned = false;
  }
  for (const uint32_t partition : partitions) core_.Notify(partition);
  const auto deadline = std::chrono::steady_clock::now() + kHandOverMax;
  for (const uint32_t partition : partitions) {
    auto& slot = *core_.slots[partition];
    std::unique_lock lock(slot.mutex);
    slot.closed.wait_until(lock, deadline, [&] { return slot.terms == 0; });
  }
}

void Membership::Passed(Duration time) {
  time = std::min(time, kPassedMax);
  std::vector<uint32_t> free;
  {
    const std::lock_guard lock(mutex_);
    for (uint32_t partition = 0; partition < held_.size(); ++partition) {
      Held& held = held_[partition];
      if (!held.fenced) continue;
      held.wait = held.wait - time;
      if (held.wait > Duration{}) continue;
      held.fenced = false;
      free.push_back(partition);
    }
  }
  for (const uint32_t partition : free) core_.Notify(partition);
}

bool Membership::MayOpen(uint32_t partition) const {
  const std::lock_guard lock(mutex_);
  return held_[partition].assigned && !held_[partition].fenced;
}

void Membership::Fenced(uint32_t partition) {
  const std::lock_guard lock(mutex_);
  Held& held = held_[partition];
  held.fenced = true;
  held.wait = session_timeout_ + held.back_off;
  held.back_off =
      held.back_off == Duration{} ? kBackOffFirst : std::min(held.back_off * 2, kBackOffLast);
}

std::string Membership::Fault(uint32_t partition) const {
  const std::lock_guard lock(mutex_);
  const Held& held = held_[partition];
  if (held.assigned && held.fenced) {
    return "another node wrote to it; waits for the group to assign it anew";
  }
  if (!joined_) {
    return trouble_.empty() ? "the group has not told yet which partitions are this node's"
                            : trouble_;
  }
  return "";
}

}  // namespace sluice::kafka
