#include "machines/clusterconfig/settings.h"

namespace sluice {

ClusterConfigSpec DefaultSettings() {
  ClusterConfigSpec settings;
  settings.level = kLevel;
  settings.idempotency_window = Duration::Hours(24);
  settings.ipv4_pools = {"10.128.0.0/9"};
  settings.ipv6_pools = {"fd20::/20"};
  settings.local_ipv4_pools = {"127.64.0.0/10"};
  settings.network_ipv4_length = 16;
  settings.network_ipv6_length = 48;
  settings.context_ipv4_length = 20;
  settings.context_ipv6_length = 64;
  settings.start_deadline = Duration::Minutes(10);
  settings.candidate_ready_deadline = Duration::Minutes(5);
  settings.expiry_grace = Duration::Minutes(5);
  settings.retry_first = Duration::Seconds(2);
  settings.retry_last = Duration::Minutes(5);
  settings.stuck_deadlines = {{"default", "10m0s"}};
  settings.label_prefix = "sluice/";
  settings.pull_request_poll_interval = Duration::Minutes(5);
  settings.drift_interval = Duration::Minutes(1);
  settings.drift_deadline = Duration::Minutes(5);
  return settings;
}

ClusterConfigSpec WithDefaults(const ClusterConfigSpec& spec, uint32_t level) {
  ClusterConfigSpec full = DefaultSettings();
  full.level = spec.level != 0 ? spec.level : level;
  if (spec.idempotency_window) full.idempotency_window = spec.idempotency_window;
  if (!spec.ipv4_pools.empty()) {
    full.ipv4_pools = spec.ipv4_pools;
    // Pools that are named are meant: the local provider's default does not go before them.
    full.local_ipv4_pools.clear();
  }
  if (!spec.ipv6_pools.empty()) full.ipv6_pools = spec.ipv6_pools;
  if (!spec.local_ipv4_pools.empty()) full.local_ipv4_pools = spec.local_ipv4_pools;
  if (spec.network_ipv4_length != 0) full.network_ipv4_length = spec.network_ipv4_length;
  if (spec.network_ipv6_length != 0) full.network_ipv6_length = spec.network_ipv6_length;
  if (spec.context_ipv4_length != 0) full.context_ipv4_length = spec.context_ipv4_length;
  if (spec.context_ipv6_length != 0) full.context_ipv6_length = spec.context_ipv6_length;
  if (spec.start_deadline) full.start_deadline = spec.start_deadline;
  if (spec.candidate_ready_deadline) full.candidate_ready_deadline = spec.candidate_ready_deadline;
  if (spec.expiry_grace) full.expiry_grace = spec.expiry_grace;
  if (spec.retry_first) full.retry_first = spec.retry_first;
  if (spec.retry_last) full.retry_last = spec.retry_last;
  if (!spec.label_prefix.empty()) full.label_prefix = spec.label_prefix;
  if (spec.pull_request_poll_interval) {
    full.pull_request_poll_interval = spec.pull_request_poll_interval;
  }
  if (spec.drift_interval) full.drift_interval = spec.drift_interval;
  if (spec.drift_deadline) full.drift_deadline = spec.drift_deadline;
  full.notify_url = spec.notify_url;
  for (const auto& [kind, deadline] : spec.stuck_deadlines) full.stuck_deadlines[kind] = deadline;
  return full;
}

}  // namespace sluice
