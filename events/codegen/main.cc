// sluice_codegen BFBS DECLARATION_FILE OUT_DIR
// Writes OUT_DIR/NAME.gen.h and NAME.gen.cc for the schema file DECLARATION_FILE within BFBS.
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>

#include "events/codegen/emit.h"
#include "events/codegen/model.h"

namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(in), {}};
}

void WriteFile(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  if (!out.flush()) throw std::runtime_error("cannot write " + path);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: sluice_codegen BFBS DECLARATION_FILE OUT_DIR\n";
    return 2;
  }
  try {
    const sluice::codegen::FileModel model = sluice::codegen::ReadModel(ReadFile(argv[1]), argv[2]);
    const std::string base = std::string(argv[3]) + "/" + model.stem;
    WriteFile(base + ".gen.h", sluice::codegen::HeaderText(model));
    WriteFile(base + ".gen.cc", sluice::codegen::SourceText(model));
  } catch (const std::exception& error) {
    std::cerr << argv[2] << ": " << error.what() << "\n";
    return 1;
  }
  return 0;
}
