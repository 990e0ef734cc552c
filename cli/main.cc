#include <unistd.h>

#include <csignal>
#include <stop_token>
#include <thread>

#include "cli/run.h"

int main(int argc, char** argv) {
  // Signals are taken by a thread of their own, so that nothing but a stop token reaches the verbs.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::stop_source stop;
  std::thread([signals, stop]() mutable {
    int signal = 0;
    sigwait(&signals, &signal);
    stop.request_stop();
    // A second one means it: whatever does not heed the token ends as it would have.
    sigwait(&signals, &signal);
    _exit(128 + signal);
  }).detach();
  auto environment = sluice::cli::RealEnvironment(stop.get_token());
  return static_cast<int>(
      sluice::cli::RunSluice(std::vector<std::string>(argv + 1, argv + argc), environment));
}
