// Numbers and names inside sentences.

#ifndef TRILHO_CPP_SERVER_ADVICE_WORDS_H_
#define TRILHO_CPP_SERVER_ADVICE_WORDS_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace trilho {

// Returns "1 line", "0 lines" or "2 lines" of "line"; `plural` is for nouns that take more than an "s".
template <typename Integer>
std::string Counted(Integer count, absl::string_view noun, absl::string_view plural = "") {
  if (count == 1) return absl::StrCat(count, " ", noun);
  return plural.empty() ? absl::StrCat(count, " ", noun, "s") : absl::StrCat(count, " ", plural);
}

// Returns "an int32", "an INT32", "a uint8" or "a tensorflow.serving.ModelConfig" of the name of a type.
std::string WithArticle(absl::string_view type);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_ADVICE_WORDS_H_
