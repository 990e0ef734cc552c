#include "projections/snapshots/file_hash_adapter.h"

#include <fcntl.h>
#include <unistd.h>
#include <xxhash.h>

#include <memory>
#include <vector>

namespace sluice {

Result<Hash128> HashOfFile(const std::filesystem::path& path) {
  constexpr size_t kPieceBytes = size_t{1} << 20;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const auto failed = [&] {
    return Err(ErrorCode::kIo, "cannot read {}: {}", path.string(),
               std::error_code(errno, std::generic_category()).message());
  };
  if (fd < 0) return failed();
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(),
                                                                       &XXH3_freeState);
  XXH3_128bits_reset(state.get());
  std::vector<char> piece(kPieceBytes);
  ssize_t got = 0;
  while ((got = ::read(fd, piece.data(), piece.size())) > 0) {
    XXH3_128bits_update(state.get(), piece.data(), static_cast<size_t>(got));
  }
  if (got < 0) {
    auto error = failed();
    ::close(fd);
    return error;
  }
  ::close(fd);
  const XXH128_hash_t hash = XXH3_128bits_digest(state.get());
  return Hash128{.hi = hash.high64, .lo = hash.low64};
}

}  // namespace sluice
