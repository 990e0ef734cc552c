// The verbs of the debugger (verbs.h says how a verb is made).
#pragma once

#include "cli/arguments.h"

namespace sluice::cli {

void DefineWhy(CommandLine& line);
void DefineDiff(CommandLine& line);
void DefineReplay(CommandLine& line);
void DefineVerify(CommandLine& line);
void DefineExport(CommandLine& line);
void DefineImport(CommandLine& line);
void DefineSnapshot(CommandLine& line);
void DefineBackup(CommandLine& line);
void DefineRestore(CommandLine& line);

}  // namespace sluice::cli
