#include "cli/verbs/verbs.h"

#include "cli/verbs/debugger_verbs.h"

namespace sluice::cli {

void DefineVerbs(CommandLine& line) {
  DefineUp(line);
  DefineApply(line);
  DefineSend(line);
  DefineGet(line);
  DefineDescribe(line);
  DefineWait(line);
  DefineDelete(line);
  DefineResolve(line);
  DefineHistory(line);
  DefineWhy(line);
  DefineDiff(line);
  DefineReplay(line);
  DefineVerify(line);
  DefineExport(line);
  DefineImport(line);
  DefineSnapshot(line);
  DefineBackup(line);
  DefineRestore(line);
  DefineLogs(line);
  DefineQuarantine(line);
  DefineDeadLetters(line);
  DefineMachines(line);
  DefineBench(line);
  DefineProvider(line);
  DefineVersion(line);
}

}  // namespace sluice::cli
