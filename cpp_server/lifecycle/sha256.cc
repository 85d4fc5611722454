#include "cpp_server/lifecycle/sha256.h"

#include <openssl/evp.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "cpp_server/files/plain_file.h"

namespace trilho {
namespace {

constexpr size_t kChunk = size_t{1} << 20;

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

absl::StatusOr<std::string> Sha256OfFile(const std::string& path, const std::atomic<bool>& stop) {
  const auto opened = OpenPlainFile(path);
  if (absl::IsInvalidArgument(opened.status())) return opened.status();
  if (!opened.ok()) return absl::UnavailableError(opened.status().message());
  std::FILE* const file = opened->get();
  std::setvbuf(file, nullptr, _IONBF, 0);  // the chunks are the buffer
  const std::unique_ptr<EVP_MD_CTX, FreeDigest> context(EVP_MD_CTX_new());
  bool ok = context != nullptr && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
  std::vector<unsigned char> chunk(kChunk);
  for (size_t got = kChunk; ok && got == kChunk;) {
    if (stop) return absl::CancelledError(absl::StrCat("Stopped while reading ", path));
    got = std::fread(chunk.data(), 1, kChunk, file);
    if (std::ferror(file) != 0) {
      return absl::UnavailableError(absl::StrCat("Cannot read ", path, ": ", std::strerror(errno)));
    }
    ok = EVP_DigestUpdate(context.get(), chunk.data(), got) == 1;
  }
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (!ok || EVP_DigestFinal_ex(context.get(), digest, &size) != 1) {
    return absl::InternalError(absl::StrCat("OpenSSL computes no SHA-256 of ", path));
  }
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), size));
}

}  // namespace trilho
