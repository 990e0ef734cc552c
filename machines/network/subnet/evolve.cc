#include "machines/network/holding/hold.h"
#include "machines/network/subnet/subnet.h"

namespace sluice {
namespace {

constexpr std::string_view kReservedNetwork = "reserved/network";
constexpr std::string_view kReservedGateway = "reserved/gateway";
constexpr std::string_view kReservedBroadcast = "reserved/broadcast";

void ShowPrefix(Subnet& subnet) {
  subnet.status.prefix = HeldPrefix(subnet.own.holds, subnet.spec.ip_family);
  subnet.status.gateway = GatewayOf(subnet.status.prefix);
}

void ShowAddresses(Subnet& subnet) {
  const uint64_t reserved = ReservedAddresses(subnet.status.prefix).size();
  subnet.status.addresses = subnet.own.assigned > reserved ? subnet.own.assigned - reserved : 0;
}

}  // namespace

std::vector<ReservedAddress> ReservedAddresses(const std::string& text) {
  const auto prefix = Prefix::Parse(text);
  if (!prefix) return {};
  std::vector<ReservedAddress> reserved = {
      {std::string(kReservedNetwork), prefix->FirstAddress().ToString()},
      {std::string(kReservedGateway), prefix->AddressAt(1)->ToString()}};
  if (prefix->family() == Family::kIPv4) {
    reserved.push_back({std::string(kReservedBroadcast), prefix->LastAddress().ToString()});
  }
  return reserved;
}

std::string GatewayOf(const std::string& text) {
  const auto prefix = Prefix::Parse(text);
  return prefix ? prefix->AddressAt(1)->AddressToString() : "";
}

bool IsFull(const Subnet& subnet) {
  const auto prefix = Prefix::Parse(subnet.status.prefix);
  if (!prefix) return false;
  const int host_bits = BitsOf(prefix->family()) - prefix->length();
  return host_bits < 64 && subnet.own.assigned >= uint64_t{1} << host_bits;
}

void Evolve(Subnet& subnet, const SubnetContextChanged& event) {
  subnet.own.context = event.context;
}

void Evolve(Subnet& subnet, const SubnetReadied&) { subnet.status.phase = SubnetPhase::kReady; }

void Evolve(Subnet& subnet, const SubnetUnreadied&) { subnet.status.phase = SubnetPhase::kPending; }

void Evolve(Subnet& subnet, const SubnetHoldersChanged& event) {
  subnet.status.holders = event.holders;
}

void Evolve(Subnet& subnet, const PrefixAsked& event) { EvolveHold(subnet.own.holds, event); }

void Evolve(Subnet& subnet, const PrefixHeld& event) {
  EvolveHold(subnet.own.holds, event);
  ShowPrefix(subnet);
}

void Evolve(Subnet& subnet, const PrefixDenied& event) { EvolveHold(subnet.own.holds, event); }

void Evolve(Subnet& subnet, const PrefixReturned& event) {
  EvolveHold(subnet.own.holds, event);
  ShowPrefix(subnet);
}

void Evolve(Subnet& subnet, const PrefixAssigned& event) {
  EvolveAssigned(subnet.items, subnet.own.assigned, event);
  ShowAddresses(subnet);
}

void Evolve(Subnet& subnet, const PrefixUnassigned& event) {
  EvolveUnassigned(subnet.items, subnet.own.assigned, event);
  ShowAddresses(subnet);
}

void Evolve(Subnet& subnet, const RetryChanged& event) { subnet.status.retry = event.retry; }

void Evolve(Subnet& subnet, const ProgrammingReported& event) {
  subnet.own.programming = event.programming;
}

void Evolve(Subnet& subnet, const CascadeRequested&) { subnet.own.cascade = true; }

}  // namespace sluice
