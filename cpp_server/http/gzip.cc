#include "cpp_server/http/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/advice/words.h"

namespace trilho {
namespace {

constexpr int kGzipOnly = 15 + 16;

class Inflater {
 public:
  Inflater() : ok_(inflateInit2(&stream_, kGzipOnly) == Z_OK) {}
  ~Inflater() {
    if (ok_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  bool ok() const { return ok_; }
  z_stream* stream() { return &stream_; }

 private:
  z_stream stream_{};
  const bool ok_;
};

absl::Status Malformed(const z_stream& stream) {
  return absl::InvalidArgumentError(
      absl::StrCat("the body is not valid gzip: ", stream.msg != nullptr ? stream.msg : "it ends too early"));
}

absl::Status TooLarge(size_t compressed, size_t bound, bool for_its_ratio) {
  return absl::ResourceExhaustedError(absl::StrCat(
      "the body is larger than ", Counted(bound, "byte"), " once it is decompressed",
      for_its_ratio ? absl::StrCat(": ", Counted(compressed, "compressed byte"), " may grow to the larger of ",
                                   kAlwaysInflated, " bytes and ", kMostInflation, " times their size")
                    : ""));
}

absl::StatusOr<std::string> Inflate(absl::string_view compressed, size_t max_bytes) {
  constexpr size_t kMaxPiece = std::numeric_limits<uInt>::max();
  Inflater inflater;
  if (!inflater.ok()) return absl::ResourceExhaustedError("no memory to decompress the body");
  z_stream* const stream = inflater.stream();

  std::string result;
  size_t size = 0;
  size_t left = compressed.size();
  const size_t inflated = compressed.size() > std::numeric_limits<size_t>::max() / kMostInflation
                              ? std::numeric_limits<size_t>::max()
                              : std::max(kAlwaysInflated, kMostInflation * compressed.size());
  const size_t bound = std::min(max_bytes, inflated);
  // zlib does not write to it.
  stream->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  int code = Z_OK;
  while (code != Z_STREAM_END || left > 0 || stream->avail_in > 0) {
    if (code == Z_STREAM_END) inflateReset(stream);
    if (stream->avail_in == 0) {
      stream->avail_in = static_cast<uInt>(std::min(left, kMaxPiece));
      left -= stream->avail_in;
    }
    if (size == result.size()) {
      // One byte more than allowed shows that there is too much.
      result.resize(std::min(bound + 1, std::max(2 * size, 4 * compressed.size())));
    }
    stream->next_out = reinterpret_cast<Bytef*>(&result[size]);
    stream->avail_out = static_cast<uInt>(std::min(result.size() - size, kMaxPiece));
    const uInt room = stream->avail_out;
    code = inflate(stream, Z_NO_FLUSH);
    size += room - stream->avail_out;
    if (size > bound) return TooLarge(compressed.size(), bound, bound < max_bytes);
    // Z_BUF_ERROR: all input is used and it was not enough.
    if (code != Z_OK && code != Z_STREAM_END) return Malformed(*stream);
  }
  result.resize(size);
  return result;
}

}  // namespace

absl::StatusOr<std::string> Gunzip(absl::string_view compressed, size_t max_bytes) {
  try {
    return Inflate(compressed, max_bytes);
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError("no memory to decompress the body");
  }
}

}  // namespace trilho
