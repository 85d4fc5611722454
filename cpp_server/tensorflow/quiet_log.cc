#include "cpp_server/tensorflow/quiet_log.h"

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "tensorflow_wheel/log_symbol.h"

namespace trilho {
namespace {

// absl::LogSeverityAtLeast::kWarning.
constexpr int kWarning = 1;

// Standard error as the process got it, and the file that stands in for it
// while libraries are loaded; -1 if nothing was set aside. Written before any
// constructor has run, so they must need none.
int real_stderr = -1;
int early_stderr = -1;

// Runs before the constructors of the libraries. They print unconditionally:
// neither TF_CPP_MIN_LOG_LEVEL nor a log level is looked at that early.
void SetStderrAside(int /*argc*/, char** /*argv*/, char** environment) {
  for (char** variable = environment; *variable != nullptr; ++variable) {
    if (std::strcmp(*variable, "TF_CPP_MIN_LOG_LEVEL=0") == 0) return;
  }
  early_stderr = memfd_create("early-stderr", MFD_CLOEXEC);
  if (early_stderr < 0) return;
  real_stderr = dup(STDERR_FILENO);
  if (real_stderr >= 0) dup2(early_stderr, STDERR_FILENO);
}
__attribute__((section(".preinit_array"), used)) void (*set_stderr_aside)(int, char**, char**) = SetStderrAside;

// absl's log lines begin with the severity and the month; I is a note.
bool IsNote(absl::string_view line) {
  return absl::StartsWith(line, "I0000 ") ||
         absl::StartsWith(line, "WARNING: All log messages before absl::InitializeLog()");
}

void RestoreStderr() {
  if (real_stderr < 0) return;
  dup2(real_stderr, STDERR_FILENO);
  close(real_stderr);
  real_stderr = -1;
  std::string text(static_cast<size_t>(lseek(early_stderr, 0, SEEK_END)), '\0');
  const ssize_t size = pread(early_stderr, &text[0], text.size(), 0);
  close(early_stderr);
  text.resize(size < 0 ? 0 : static_cast<size_t>(size));
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    if (IsNote(line)) continue;
    const std::string shown = std::string(line) + "\n";
    // Nothing is left to do if standard error is closed.
    static_cast<void>(write(STDERR_FILENO, shown.data(), shown.size()) < 0);
  }
}

}  // namespace

void QuietTensorFlowLog() {
  RestoreStderr();
  const char* level = std::getenv("TF_CPP_MIN_LOG_LEVEL");
  if (level != nullptr && std::strcmp(level, "0") == 0) return;
  // Looked up by name instead of linked: nothing of TensorFlow's absl may be
  // bound into this program. If a release lacks it, the notes are shown.
  using SetMinLogLevel = void (*)(int);
  const auto set_min_log_level =
      reinterpret_cast<SetMinLogLevel>(dlsym(RTLD_DEFAULT, TENSORFLOW_WHEEL_SET_MIN_LOG_LEVEL));
  if (set_min_log_level != nullptr) set_min_log_level(kWarning);
}

}  // namespace trilho
