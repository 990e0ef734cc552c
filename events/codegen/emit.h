// The text of the generated files.
#pragma once

#include <string>

#include "events/codegen/model.h"

namespace sluice::codegen {

// NAME.gen.h: enums and structs.
std::string HeaderText(const FileModel& model);
// NAME.gen.cc: the descriptors.
std::string SourceText(const FileModel& model);

}  // namespace sluice::codegen
