// A real broker for a run of `sluice bench kafka`.
#pragma once

#include <string>

namespace sluice::bench {

// Started by scripts/kafka.sh in `directory`, ends with this process; or one that is given.
class Broker {
 public:
  Broker(std::string given, std::string directory);
  ~Broker();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  // Without a ':' where none started.
  const std::string& bootstrap() const { return bootstrap_; }

 private:
  std::string Script(const std::string& words) const;

  std::string bootstrap_;
  const std::string directory_;
  bool started_ = false;
};

}  // namespace sluice::bench
