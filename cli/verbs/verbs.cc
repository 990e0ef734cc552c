#include "cli/verbs/verbs.h"

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
  DefineLogs(line);
  DefineQuarantine(line);
  DefineDeadLetters(line);
  DefineMachines(line);
  DefineBench(line);
  DefineProvider(line);
  DefineVersion(line);
}

}  // namespace sluice::cli
