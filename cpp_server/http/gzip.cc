#include "cpp_server/http/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "cpp_server/advice/words.h"

namespace trilho {
namespace {

constexpr int kGzipOnly = 15 + 16;
// The result grows by a quarter, within these bounds: few steps, and not much more than is needed.
constexpr size_t kLeastPiece = 4 << 10;
constexpr size_t kMostPiece = 4 << 20;
constexpr size_t kMostToZlib = std::numeric_limits<uInt>::max();

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

absl::Status NoMemory() { return absl::ResourceExhaustedError("no memory to decompress the body"); }

absl::Status Malformed(const z_stream& stream) {
  return absl::InvalidArgumentError(
      absl::StrCat("the body is not valid gzip: ", stream.msg != nullptr ? stream.msg : "it ends too early"));
}

// Makes room for more of a result that is full.
absl::Status Grow(size_t max_bytes, const std::function<absl::Status(size_t)>& hold, GrowingBytes* result) {
  const size_t piece = std::clamp(result->size() / 4, kLeastPiece, kMostPiece);
  // One byte more than allowed shows that there is too much.
  const size_t wanted = std::min(max_bytes, result->size() + piece - 1) + 1;
  absl::Status held = hold(wanted);
  if (held.ok() && !result->Reserve(wanted)) held = NoMemory();
  return held;
}

}  // namespace

bool GrowingBytes::Reserve(size_t capacity) {
  char* const before = data_.release();
  char* const grown = static_cast<char*>(std::realloc(before, capacity));
  // Where it fails, what there was is kept.
  data_.reset(grown == nullptr ? before : grown);
  if (grown == nullptr) return false;
  capacity_ = capacity;
  return true;
}

absl::StatusOr<GrowingBytes> Gunzip(absl::string_view compressed, size_t max_bytes,
                                    const std::function<absl::Status(size_t)>& hold) {
  Inflater inflater;
  if (!inflater.ok()) return NoMemory();
  z_stream* const stream = inflater.stream();
  GrowingBytes result;
  size_t left = compressed.size();
  // zlib does not write to it.
  stream->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  int code = Z_OK;
  while (code != Z_STREAM_END || left > 0 || stream->avail_in > 0) {
    if (code == Z_STREAM_END) inflateReset(stream);
    if (stream->avail_in == 0) {
      stream->avail_in = static_cast<uInt>(std::min(left, kMostToZlib));
      left -= stream->avail_in;
    }
    if (result.size() == result.capacity()) {
      const absl::Status grown = Grow(max_bytes, hold, &result);
      if (!grown.ok()) return grown;
    }
    stream->next_out = reinterpret_cast<Bytef*>(result.end());
    stream->avail_out = static_cast<uInt>(std::min(result.capacity() - result.size(), kMostToZlib));
    const uInt room = stream->avail_out;
    code = inflate(stream, Z_NO_FLUSH);
    result.Advance(room - stream->avail_out);
    if (result.size() > max_bytes) {
      return absl::OutOfRangeError(
          absl::StrCat("the body is larger than ", Counted(max_bytes, "byte"), " once it is decompressed"));
    }
    if (code == Z_MEM_ERROR) return NoMemory();
    // Z_BUF_ERROR: all input is used and it was not enough.
    if (code != Z_OK && code != Z_STREAM_END) return Malformed(*stream);
  }
  return result;
}

}  // namespace trilho
