// The text of the generated files.
#pragma once

#include <ostream>
#include <string>

#include "events/codegen/model.h"

namespace sluice::codegen {

// NAME.gen.h: enums and structs.
std::string HeaderText(const FileModel& model);
// NAME.gen.cc: the descriptors, and the walks.
std::string SourceText(const FileModel& model);
// A table's IsDefault, EncodeLogical, UnpackFields and PackFields.
void WriteWalks(const TableModel& model, std::ostream& out);

}  // namespace sluice::codegen
