#include "machines/binding/publish.h"

namespace sluice::binding {
namespace {

InstanceRef RefOf(const BoundInstance& instance) {
  return {.namespace_ = instance.namespace_,
          .name = instance.name,
          .revision = instance.revision,
          .phase = instance.view.phase};
}

std::optional<InstanceRef> RefOf(const std::optional<BoundInstance>& instance) {
  return instance ? std::optional<InstanceRef>(RefOf(*instance)) : std::nullopt;
}

}  // namespace

const BoundInstance* FailingCleanup(const Binding& binding) {
  for (const BoundInstance& instance : binding.own.cleanup) {
    if (!instance.delete_failure.empty()) return &instance;
  }
  return nullptr;
}

void Publish(Binding& binding) {
  BindingStatus& status = binding.status;
  const BindingOwn& own = binding.own;
  status.active_instance_ref = RefOf(own.active);
  status.candidate_instance_ref = RefOf(own.candidate);
  status.cleanup_instance_refs.clear();
  for (const BoundInstance& instance : own.cleanup) {
    status.cleanup_instance_refs.push_back(RefOf(instance));
  }
  status.last_error_code.clear();
  status.last_error_message.clear();
  status.retry = own.retry;
  if (own.failure) {
    status.last_error_code = own.failure->code;
    status.last_error_message = own.failure->message;
  } else if (const BoundInstance* failing = FailingCleanup(binding)) {
    status.last_error_code = kCleanupFailed;
    status.last_error_message = failing->name + ": " + failing->delete_failure;
    status.retry = failing->delete_retry;
  } else if (own.adoption && own.adoption->blocked) {
    status.last_error_code = kAdoptionBlocked;
    status.last_error_message = own.adoption->message;
  }
}

}  // namespace sluice::binding
