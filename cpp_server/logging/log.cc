#include "cpp_server/logging/log.h"

#include <cstdio>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace trilho {

void Log(Severity severity, absl::string_view text) {
  const std::string line = absl::StrCat(std::string(1, static_cast<char>(severity)), " ",
                                        absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(), absl::UTCTimeZone()), " ",
                                        OneLine(text), "\n");
  std::fwrite(line.data(), 1, line.size(), stderr);
}

std::string OneLine(absl::string_view text) {
  return absl::StrReplaceAll(absl::StripAsciiWhitespace(text), {{"\n", " "}});
}

}  // namespace trilho
