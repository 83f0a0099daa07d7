#!/usr/bin/env python3
"""embed.py NAME OUT.cc ROOT FILE...: a C++ file with a function that lists FILEs (path below ROOT, content)."""
import os
import sys

name, out, root, files = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]


def literal(text):
    # A string literal may not exceed 64 KiB in every compiler: cut into adjacent raw literals.
    parts = [text[i:i + 8000] for i in range(0, len(text), 8000)] or [""]
    return "\n".join('R"_sb_(' + part + ')_sb_"' for part in parts)


with open(out, "w") as f:
    f.write('#include "util/embedded.h"\n\nnamespace silverback::embedded {\n\n')
    f.write(f"std::span<const util::EmbeddedFile> {name}() {{\n  static constexpr util::EmbeddedFile kFiles[] = {{\n")
    for path in files:
        with open(path) as source:
            f.write(f'{{"{os.path.relpath(path, root)}", {literal(source.read())}}},\n')
    f.write("  };\n  return kFiles;\n}\n\n}  // namespace silverback::embedded\n")
