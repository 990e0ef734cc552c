// Flags and words of a verb. A thin face of CLI11, which is slow to compile, so that verbs do not
// include it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/failure.h"
#include "events/basic_types.h"

namespace sluice::cli {

class Session;

// Declares what a verb takes. Every pointer must live until the verb has run; the usual way is a
// shared_ptr to a struct of options that the Run callback holds. Not thread-safe.
class Arguments {
 public:
  struct Impl;
  explicit Arguments(Impl* impl) : impl_(impl) {}

  // Flags are written "-o,--output".
  Arguments& Text(const char* flag, std::string* value, const char* help);
  Arguments& Texts(const char* flag, std::vector<std::string>* values, const char* help);
  Arguments& Flag(const char* flag, bool* value, const char* help);
  Arguments& Number(const char* flag, uint64_t* value, const char* help);
  Arguments& Length(const char* flag, Duration* value, const char* help);  // Go text: "1m30s".
  Arguments& Choice(const char* flag, std::string* value, std::vector<std::string> allowed,
                    const char* help);
  // What stands by itself.
  Arguments& Word(const char* name, std::string* value, const char* help, bool required = true);
  Arguments& Words(const char* name, std::vector<std::string>* values, const char* help,
                   bool required = true);

  // A verb within the verb: `quarantine list`. One of them must then be given.
  Arguments Sub(const char* name, const char* help);

  // What to do when this is the verb given.
  void Run(std::function<Outcome<Exit>(Session&)> run);

 private:
  Impl* impl_;
};

// The verbs of the binary, and what a command line makes of them.
class CommandLine {
 public:
  CommandLine();
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  Arguments Verb(const char* name, const char* help);

  struct Parsed {
    std::function<Outcome<Exit>(Session&)> run;  // Empty: `help` is to be printed.
    std::string help;
    std::string server;
    std::string data;  // --data before the verb, or behind one that has none of its own
    std::string namespace_;
    std::string verb;
  };
  // `arguments` without the program's name. Bad usage is a Failure that names the verb's --help.
  Outcome<Parsed> Parse(std::vector<std::string> arguments);

 private:
  std::unique_ptr<Arguments::Impl> root_;
};

}  // namespace sluice::cli
