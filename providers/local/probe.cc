#include "providers/local/probe.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "providers/local/host_process.h"

namespace sluice::local {
namespace {

using Done = std::function<void(bool ok, std::string message)>;

// TCP, and HTTP on top of it.
class SocketAttempt : public ProbeAttempt {
 public:
  SocketAttempt(const ReadinessSpec& spec, const std::string& address, Scheduler& scheduler,
                FdWatcher& watcher, Done done)
      : http_(spec.kind == ReadinessSpec::Kind::kHttp),
        done_(std::move(done)),
        failed_(scheduler),
        watch_(watcher) {
    where_ = fmt::format("{}:{}", address, spec.port);
    request_ = fmt::format(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: sluice-probe\r\nConnection: close\r\n\r\n",
        spec.path.empty() ? "/" : spec.path, where_);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(spec.port);
    socket_.reset(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const bool started =
        socket_ && inet_pton(AF_INET, address.c_str(), &to.sin_addr) == 1 &&
        (connect(socket_.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) == 0 ||
         errno == EINPROGRESS);
    if (!started) {
      failed_.Arm(Micros(0), [this, why = std::string(strerror(errno))] { Fail(why); });
      return;
    }
    watch_.Arm(socket_.get(), FdWatcher::Interest::kWrite, [this] { Connected(); });
  }

 private:
  void Fail(const std::string& why) { done_(false, where_ + ": " + why); }

  void Connected() {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return Fail(strerror(error));
    if (!http_) return done_(true, "connected to " + where_);
    const ssize_t sent = send(socket_.get(), request_.data(), request_.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(request_.size())) return Fail("the request was not taken");
    AwaitAnswer();
  }

  void AwaitAnswer() {
    watch_.Arm(socket_.get(), FdWatcher::Interest::kRead, [this] { Answered(); });
  }

  void Answered() {
    constexpr size_t kStatusBytes = 12;  // "HTTP/1.1 200"
    char buffer[kStatusBytes];
    const ssize_t size = recv(socket_.get(), buffer, kStatusBytes - answer_.size(), 0);
    if (size < 0 && errno == EAGAIN) return AwaitAnswer();
    if (size <= 0) return Fail(size == 0 ? "closed without an answer" : strerror(errno));
    answer_.append(buffer, static_cast<size_t>(size));
    if (answer_.size() < kStatusBytes) return AwaitAnswer();
    const int status = std::atoi(answer_.c_str() + kStatusBytes - 3);
    if (!answer_.starts_with("HTTP/1.") || status == 0) return Fail("the answer is not HTTP");
    done_(status >= 200 && status < 400, fmt::format("HTTP {} from {}", status, where_));
  }

  const bool http_;
  const Done done_;
  std::string where_, request_, answer_;
  UniqueFd socket_;
  ScopedTimer failed_;
  ScopedWatch watch_;
};

class ExecAttempt : public ProbeAttempt {
 public:
  ExecAttempt(const ReadinessSpec& spec, const ProbeTarget& target, Scheduler& scheduler,
              FdWatcher& watcher, Done done)
      : done_(std::move(done)), failed_(scheduler), watch_(watcher) {
    Result<Spawned> spawned = Spawn(spec.command.front(), spec.command, target.environment, {});
    if (!spawned) {
      failed_.Arm(Micros(0), [this, why = spawned.error().message] { done_(false, why); });
      return;
    }
    spawned_ = std::move(*spawned);
    watch_.Arm(spawned_.process.get(), FdWatcher::Interest::kRead, [this] { Ended(); });
  }

  ~ExecAttempt() override {
    if (spawned_.pid == 0) return;
    kill(-spawned_.pid, SIGKILL);  // Not reaped yet, so the group's number is still its own.
    waitpid(spawned_.pid, nullptr, 0);
  }

 private:
  void Ended() {
    int status = 0;
    kill(-spawned_.pid, SIGKILL);
    waitpid(spawned_.pid, &status, 0);
    spawned_.pid = 0;
    const ExitStatus exit{WIFEXITED(status) ? std::optional(WEXITSTATUS(status)) : std::nullopt,
                          WIFSIGNALED(status) ? std::optional(WTERMSIG(status)) : std::nullopt,
                          {}};
    done_(exit.success(), "probe command: " + exit.ToString());
  }

  const Done done_;
  Spawned spawned_;
  ScopedTimer failed_;
  ScopedWatch watch_;
};

}  // namespace

std::unique_ptr<ProbeAttempt> StartProbe(const ReadinessSpec& spec, const ProbeTarget& target,
                                         Scheduler& scheduler, FdWatcher& watcher, Done done) {
  if (spec.kind == ReadinessSpec::Kind::kExec) {
    return std::make_unique<ExecAttempt>(spec, target, scheduler, watcher, std::move(done));
  }
  return std::make_unique<SocketAttempt>(spec, target.address, scheduler, watcher, std::move(done));
}

ReadinessProber::ReadinessProber(ReadinessSpec spec, ProbeTarget target, Scheduler& scheduler,
                                 FdWatcher& watcher, Verdict verdict, Objection objection)
    : spec_(std::move(spec)),
      target_(std::move(target)),
      scheduler_(scheduler),
      watcher_(watcher),
      verdict_(std::move(verdict)),
      objection_(std::move(objection)),
      timeout_(scheduler),
      next_(scheduler) {
  next_.Arm(Micros(0), [this] { Attempt(); });
}

void ReadinessProber::Attempt() {
  timeout_.Arm(spec_.timeout, [this] {
    attempt_.reset();
    Finish(false, fmt::format("no answer within {} ms", spec_.timeout.count() / 1000));
  });
  attempt_ = StartProbe(spec_, target_, scheduler_, watcher_,
                        [this](bool ok, std::string message) { Finish(ok, std::move(message)); });
}

void ReadinessProber::Finish(bool ok, std::string message) {
  timeout_.Cancel();
  if (ok && ready_ != true && objection_) {
    if (std::string why = objection_(); !why.empty()) {
      ok = false;
      message = std::move(why);
    }
  }
  // The attempt is calling us: it goes when the next one starts or the prober ends.
  next_.Arm(spec_.period, [this] {
    attempt_.reset();
    Attempt();
  });
  failures_ = ok ? 0 : failures_ + 1;
  if (!ok && failures_ < spec_.failure_threshold) return;
  if (ready_ == ok) return;
  ready_ = ok;
  verdict_(ok, message);
}

}  // namespace sluice::local
