#include "providers/local/shim_image.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

// The build puts the shim's path here and rebuilds this file when the shim changes.
asm(".pushsection .rodata\n"
    ".balign 16\n"
    "sluice_shim_image_begin:\n"
    ".incbin \"" SLUICE_SHIM_PATH
    "\"\n"
    "sluice_shim_image_end:\n"
    ".byte 0\n"
    ".popsection\n");
extern "C" const char sluice_shim_image_begin[];
extern "C" const char sluice_shim_image_end[];

namespace sluice::local {
namespace {

constexpr int kAboveInherited = 64;

Result<std::string> MakeShimFile() {
  const int fd = memfd_create("sluice-shim", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return Err(ErrorCode::kIo, "cannot make the shim's file: {}", strerror(errno));
  for (const char* at = sluice_shim_image_begin; at < sluice_shim_image_end;) {
    const ssize_t written = write(fd, at, static_cast<size_t>(sluice_shim_image_end - at));
    if (written <= 0) {
      close(fd);
      return Err(ErrorCode::kIo, "cannot write the shim's file: {}", strerror(errno));
    }
    at += written;
  }
  fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
  // The path is looked up in the child, where the low descriptors are the shim's by then.
  const int high = fcntl(fd, F_DUPFD_CLOEXEC, kAboveInherited);
  close(fd);
  if (high < 0) return Err(ErrorCode::kIo, "cannot keep the shim's file: {}", strerror(errno));
  return "/proc/self/fd/" + std::to_string(high);
}

}  // namespace

Result<std::string> ShimPath() {
  static const Result<std::string> path = MakeShimFile();
  return path;
}

}  // namespace sluice::local
