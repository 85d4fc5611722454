// Who may call: whoever has a token of a file.

#ifndef TRILHO_CPP_SERVER_SECURITY_BEARER_TOKENS_H_
#define TRILHO_CPP_SERVER_SECURITY_BEARER_TOKENS_H_

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cpp_server/config/file_watcher.h"
#include "cpp_server/core/mutex.h"

namespace trilho {

// The file has a token a line; blank lines and those that begin with "#" do not
// count. It is read again within a second after it was changed, so that tokens
// can be added and withdrawn while the server runs; a file that cannot be read
// then, or has no token, leaves those that were there in force, with a line in
// the log.
//
// Tokens are kept and compared as SHA-256 digests, in a time that does not
// depend on what is right about a wrong one. Thread-safe.
class BearerTokens {
 public:
  // NOT_FOUND if the file cannot be read, INVALID_ARGUMENT if it has no token, RESOURCE_EXHAUSTED if there is no thread
  // to watch it.
  static absl::StatusOr<std::unique_ptr<BearerTokens>> Load(const std::string& path);

  // `authorization` is the header of that name, "Bearer TOKEN". UNAUTHENTICATED
  // if it is missing, of another kind or no token of the file.
  // Quick: it never waits for the disk.
  absl::Status Check(absl::string_view authorization) const EXCLUDES(mu_);

 private:
  using Digest = std::array<unsigned char, 32>;

  explicit BearerTokens(std::string path) : path_(std::move(path)) {}

  static Digest DigestOf(absl::string_view token);
  absl::StatusOr<std::vector<Digest>> Read() const;
  // On the watcher's thread.
  void Reread() EXCLUDES(mu_);

  const std::string path_;
  mutable Mutex mu_;
  std::vector<Digest> tokens_ GUARDED_BY(mu_);
  // Last, as it calls Reread.
  std::unique_ptr<FileWatcher> watcher_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SECURITY_BEARER_TOKENS_H_
