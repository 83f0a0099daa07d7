# Compiler settings that every target of ours shares. Warnings are errors; third-party headers are SYSTEM.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
# Every library ends in the nginx modules; programs get the same flag, so that all share one precompiled header.
add_compile_options(-fPIC)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)

find_program(GW_CCACHE ccache)
if(GW_CCACHE)
  # The sloppiness is what ccache needs to work with precompiled headers; the base folder lets checkouts share hits.
  cmake_path(GET PROJECT_SOURCE_DIR PARENT_PATH GW_CCACHE_BASE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime CCACHE_NOHASHDIR=1
    CCACHE_BASEDIR=${GW_CCACHE_BASE} ${GW_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-fpch-preprocess)
  endif()
endif()

set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1")
if(GW_OPTIMIZE_DEBUG)
  set(CMAKE_CXX_FLAGS_DEBUG "-Og -g1")
endif()

set(GW_WARNINGS -Wall -Wextra -Wpedantic -Wconversion -Wno-sign-conversion -Wshadow -Wnon-virtual-dtor -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports these of code inlined from libstdc++ and nlohmann/json where nothing is wrong (its bugs 105651, 105329);
  # the sanitizers watch for the real ones.
  list(APPEND GW_WARNINGS -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-stringop-overread -Wno-restrict
    -Wno-array-bounds)
endif()

if(GW_SANITIZE)
  add_compile_options(-fsanitize=${GW_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${GW_SANITIZE})
endif()
if(GW_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
