// Every verb is one file of this folder: a Define function that declares its words and flags and
// says what runs. Add a verb by a file, a line here and a line in DefineVerbs.
#pragma once

#include "cli/arguments.h"

namespace sluice::cli {

void DefineUp(CommandLine& line);
void DefineApply(CommandLine& line);
void DefineSend(CommandLine& line);
void DefineGet(CommandLine& line);
void DefineDescribe(CommandLine& line);
void DefineWait(CommandLine& line);
void DefineDelete(CommandLine& line);
void DefineResolve(CommandLine& line);
void DefineHistory(CommandLine& line);
void DefineLogs(CommandLine& line);
void DefineQuarantine(CommandLine& line);
void DefineDeadLetters(CommandLine& line);
void DefineMachines(CommandLine& line);
void DefineBench(CommandLine& line);
void DefineProvider(CommandLine& line);
void DefineVersion(CommandLine& line);

// All of them, in the order in which --help lists them.
void DefineVerbs(CommandLine& line);

}  // namespace sluice::cli
