#include "cpp_server/security/bearer_tokens.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "cpp_server/logging/log.h"

namespace trilho {
namespace {

constexpr char kScheme[] = "bearer ";
// Together with the time in which a file settles less than a second.
constexpr std::chrono::milliseconds kLookPeriod(500);

}  // namespace

BearerTokens::Digest BearerTokens::DigestOf(absl::string_view token) {
  Digest digest{};
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), digest.data());
  return digest;
}

absl::StatusOr<std::unique_ptr<BearerTokens>> BearerTokens::Load(const std::string& path) {
  std::unique_ptr<BearerTokens> tokens(new BearerTokens(path));
  auto read = tokens->Read();
  if (!read.ok()) return read.status();
  {
    MutexLock lock(&tokens->mu_);
    tokens->tokens_ = *std::move(read);
  }
  tokens->watcher_ = std::make_unique<FileWatcher>(path, kLookPeriod, [self = tokens.get()] {
    self->Reread();
    return true;
  });
  const absl::Status watched = tokens->watcher_->status();
  if (!watched.ok()) return watched;
  return tokens;
}

absl::StatusOr<std::vector<BearerTokens::Digest>> BearerTokens::Read() const {
  std::ifstream file(path_);
  std::error_code ignored;
  if (!file || std::filesystem::is_directory(path_, ignored)) {
    return absl::NotFoundError(absl::StrCat("--auth_token_file: cannot read ", path_));
  }
  std::vector<Digest> tokens;
  for (std::string line; std::getline(file, line);) {
    const absl::string_view token = absl::StripAsciiWhitespace(line);
    if (!token.empty() && token[0] != '#') tokens.push_back(DigestOf(token));
  }
  if (tokens.empty()) return absl::InvalidArgumentError(absl::StrCat("--auth_token_file: ", path_, " has no token"));
  return tokens;
}

void BearerTokens::Reread() {
  auto read = Read();
  if (!read.ok()) {
    return Log(Severity::kError,
               absl::StrCat(read.status().message(),
                            ": the tokens before stay in force; a file with other ones locks them out"));
  }
  MutexLock lock(&mu_);
  tokens_ = *std::move(read);
}

absl::Status BearerTokens::Check(absl::string_view authorization) const {
  const size_t scheme = sizeof(kScheme) - 1;
  if (!absl::StartsWithIgnoreCase(authorization, kScheme)) {
    return absl::UnauthenticatedError("this server wants the header \"authorization: Bearer TOKEN\"");
  }
  const Digest digest = DigestOf(absl::StripAsciiWhitespace(authorization.substr(scheme)));
  MutexLock lock(&mu_);
  bool known = false;
  // All of them, whichever fits.
  for (const Digest& token : tokens_) known |= CRYPTO_memcmp(token.data(), digest.data(), digest.size()) == 0;
  return known ? absl::OkStatus() : absl::UnauthenticatedError("the bearer token is not known to this server");
}

}  // namespace trilho
