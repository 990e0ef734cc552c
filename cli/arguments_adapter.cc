#include <CLI/CLI.hpp>

#include "cli/arguments.h"

namespace sluice::cli {

struct Arguments::Impl {
  CLI::App* app = nullptr;
  std::unique_ptr<CLI::App> owned{};  // Of the root only.
  std::vector<std::unique_ptr<Impl>> subs{};
  std::function<Outcome<Exit>(Session&)> run{};
  std::string server{};
  std::string data{};
  std::string namespace_{};

  Impl* Add(const char* name, const char* help) {
    auto sub = std::make_unique<Impl>();
    sub->app = app->add_subcommand(name, help);
    subs.push_back(std::move(sub));
    return subs.back().get();
  }

  // The innermost verb given.
  Impl* Chosen() {
    for (const auto& sub : subs) {
      if (sub->app->parsed()) return sub->Chosen();
    }
    return this;
  }
};

Arguments& Arguments::Text(const char* flag, std::string* value, const char* help) {
  impl_->app->add_option(flag, *value, help);
  return *this;
}

Arguments& Arguments::Texts(const char* flag, std::vector<std::string>* values, const char* help) {
  impl_->app->add_option(flag, *values, help)->allow_extra_args(false);
  return *this;
}

Arguments& Arguments::Flag(const char* flag, bool* value, const char* help) {
  impl_->app->add_flag(flag, *value, help);
  return *this;
}

Arguments& Arguments::Number(const char* flag, uint64_t* value, const char* help) {
  impl_->app->add_option(flag, *value, help);
  return *this;
}

Arguments& Arguments::Length(const char* flag, Duration* value, const char* help) {
  const std::function<void(const std::string&)> parse = [value](const std::string& text) {
    const auto length = ParseDuration(text);
    if (!length) throw CLI::ValidationError(length.error());
    *value = *length;
  };
  impl_->app->add_option_function<std::string>(flag, parse, help)->type_name("DURATION");
  return *this;
}

Arguments& Arguments::Choice(const char* flag, std::string* value, std::vector<std::string> allowed,
                             const char* help) {
  impl_->app->add_option(flag, *value, help)->check(CLI::IsMember(std::move(allowed)));
  return *this;
}

Arguments& Arguments::Word(const char* name, std::string* value, const char* help, bool required) {
  impl_->app->add_option(name, *value, help)->required(required);
  return *this;
}

Arguments& Arguments::Words(const char* name, std::vector<std::string>* values, const char* help,
                            bool required) {
  impl_->app->add_option(name, *values, help)->required(required);
  return *this;
}

Arguments Arguments::Sub(const char* name, const char* help) {
  impl_->app->require_subcommand(1);
  return Arguments(impl_->Add(name, help));
}

void Arguments::Run(std::function<Outcome<Exit>(Session&)> run) { impl_->run = std::move(run); }

CommandLine::CommandLine() : root_(std::make_unique<Arguments::Impl>()) {
  root_->owned = std::make_unique<CLI::App>(
      "Sluice: an event-sourced state machine engine for lifecycle control planes.\n"
      "Exit codes: 0 done, 1 rejected or diverged, 2 bad usage or input, 3 unavailable.",
      "sluice");
  root_->app = root_->owned.get();
  root_->app->require_subcommand(1);
  root_->app->fallthrough();  // Verbs inherit it: --server and -n may stand after them.
  root_->app->add_option("--server", root_->server,
                         "The node to talk to [http://127.0.0.1:7420, or SLUICE_SERVER]");
  root_->app->add_option(
      "--data", root_->data,
      "Instead of a node, a data directory that none holds, or an exported log (damaged "
      "records are refused, or with --keep-going left out): reads only");
  root_->app->add_option("-n,--namespace", root_->namespace_, "The namespace [default]");
}

CommandLine::~CommandLine() = default;

Arguments CommandLine::Verb(const char* name, const char* help) {
  return Arguments(root_->Add(name, help));
}

namespace {

// "--at -5m" is one flag with its value: nothing of ours is called by a digit.
std::vector<std::string> WithNegativeValues(std::vector<std::string> arguments) {
  std::vector<std::string> joined;
  for (std::string& argument : arguments) {
    const bool is_negative =
        argument.size() > 1 && argument[0] == '-' && argument[1] >= '0' && argument[1] <= '9';
    const bool follows_flag = !joined.empty() && joined.back().starts_with("--") &&
                              joined.back().size() > 2 &&
                              joined.back().find('=') == std::string::npos;
    if (is_negative && follows_flag) {
      joined.back() += "=" + argument;
    } else {
      joined.push_back(std::move(argument));
    }
  }
  return joined;
}

}  // namespace

Outcome<CommandLine::Parsed> CommandLine::Parse(std::vector<std::string> arguments) {
  Parsed parsed;
  arguments = WithNegativeValues(std::move(arguments));
  std::reverse(arguments.begin(), arguments.end());  // As CLI11 wants them.
  try {
    root_->app->parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    parsed.help = root_->app->help();
    return parsed;
  } catch (const CLI::ParseError& error) {
    const Arguments::Impl* chosen = root_->Chosen();
    const std::vector<std::string> rest = root_->app->remaining();
    if (chosen == root_.get() && !rest.empty() && !rest.front().starts_with('-')) {
      return Fail(Exit::kBadInput, "there is no verb '{}'; 'sluice --help' lists them",
                  rest.front());
    }
    std::string verb = chosen->app->get_name();
    for (const CLI::App* at = chosen->app->get_parent(); at != nullptr; at = at->get_parent()) {
      verb.insert(0, at->get_name() + " ");
    }
    return Fail(Exit::kBadInput, "{}; '{} --help' shows what it takes", error.what(), verb);
  }
  Arguments::Impl* chosen = root_->Chosen();
  parsed.run = chosen->run;
  parsed.verb = chosen->app->get_name();
  // "snapshot restore" is not "restore".
  const CLI::App* within = chosen->app->get_parent();
  if (within != nullptr && within->get_parent() != nullptr) {
    parsed.verb = within->get_name() + " " + parsed.verb;
  }
  parsed.server = root_->server;
  parsed.data = root_->data;
  parsed.namespace_ = root_->namespace_;
  return parsed;
}

}  // namespace sluice::cli
