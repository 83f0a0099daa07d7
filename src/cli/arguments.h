// The words after a command's name, read as Kong reads them: options may stand anywhere, short ones
// may be joined ("-yq"), a value follows its option as the next word or after "=", the last of
// repeated ones counts, and words that are no options are kept in order.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace silverback::cli {

enum class OptionKind { kFlag, kText, kNumber };

struct Option {
  std::string_view name;  // "conf": --conf; a name of one letter may be written -v or --v
  char letter = 0;        // 'c': -c; 0 for none
  OptionKind kind = OptionKind::kFlag;
  std::string_view otherwise;  // the value when it is not given; "" for none
};

struct Syntax {
  std::vector<Option> options;
  std::vector<Option> words;  // the first words by name; the others are Arguments::words
};

class Arguments {
 public:
  bool Flag(std::string_view name) const { return Find(name) != nullptr; }
  std::string Text(std::string_view name) const;  // "" when not given
  std::optional<double> Number(std::string_view name) const;
  const std::vector<std::string>& words() const { return words_; }

  // The first unnamed word, taken out of words(): a subcommand. nullopt: there is none.
  std::optional<std::string> TakeWord();

 private:
  friend class ArgumentReader;
  const std::string* Find(std::string_view name) const;
  std::map<std::string, std::string, std::less<>> values_;
  std::vector<std::string> words_;
};

struct ReadArguments {
  Arguments arguments;
  bool help = false;    // -h or --help: nothing else counts
  std::string mistake;  // "" or, in Kong's words, what is wrong
};

ReadArguments Read(const Syntax& syntax, std::vector<std::string> words);

}  // namespace silverback::cli
