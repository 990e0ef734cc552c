#include "machines/common/generic_commands.h"

#include "machines/common/names.h"

namespace sluice {

Rejection FieldErrors::ToRejection(RejectionCode code) const {
  std::string message;
  for (const FieldError& fault : faults_) {
    if (!message.empty()) message += "; ";
    message += fault.path + ": " + fault.message;
  }
  return {code, faults_.empty() ? "" : faults_.front().path, std::move(message)};
}

void ValidateKey(const EntityKey& key, FieldErrors& errors) {
  if (auto fault = DnsLabelFault(key.namespace_)) errors.Add("metadata.namespace", *fault);
  if (auto fault = DnsLabelFault(key.name)) errors.Add("metadata.name", *fault);
}

}  // namespace sluice
