// Request bodies that were sent compressed.

#ifndef TRILHO_CPP_SERVER_HTTP_GZIP_H_
#define TRILHO_CPP_SERVER_HTTP_GZIP_H_

#include <cstddef>
#include <cstdlib>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace trilho {

// Bytes that come piece by piece. Unlike a string they grow where they are, as
// far as the system can, and what is not used yet is not touched.
class GrowingBytes {
 public:
  absl::string_view view() const { return {data_.get(), size_}; }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  // Where the next capacity() - size() bytes go.
  char* end() { return data_.get() + size_; }
  // Says that `bytes` more of them have been written.
  void Advance(size_t bytes) { size_ += bytes; }
  // False if the system has no such memory; then nothing has changed. `capacity` is not less than size(), nor 0.
  bool Reserve(size_t capacity);

 private:
  struct Free {
    void operator()(char* data) const { std::free(data); }
  };

  std::unique_ptr<char, Free> data_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

// All members of a gzip stream, one after another. `hold` is asked before the
// result takes more memory than before, with the number of bytes that it is to
// have then; its error ends it. INVALID_ARGUMENT if the stream is malformed or
// cut, OUT_OF_RANGE if the result is larger than `max_bytes`,
// RESOURCE_EXHAUSTED if there is no memory. No more than the result so far and
// a piece of it is ever held, whatever the ratio.
absl::StatusOr<GrowingBytes> Gunzip(absl::string_view compressed, size_t max_bytes,
                                    const std::function<absl::Status(size_t)>& hold);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_HTTP_GZIP_H_
