#include "cpp_server/advice/words.h"

namespace trilho {

std::string WithArticle(absl::string_view type) {
  // A "u" of types is that of "unsigned", spoken as a letter.
  const bool begins_with_vowel =
      !type.empty() && absl::string_view("aeioAEIO").find(type[0]) != absl::string_view::npos;
  return absl::StrCat(begins_with_vowel ? "an " : "a ", type);
}

}  // namespace trilho
