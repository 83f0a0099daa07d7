# gw_library(NAME SOURCES ... [TESTS ...] [BENCHMARKS ...] [FUZZERS ...] [DEPS ...] [SYSTEM ...] [TEST_DEPS ...])
#
# Makes the static library gw_NAME of one folder and, from the files that lie beside the code:
#   NAME_test        GoogleTest binary of *_test.cc, registered with ctest
#   NAME_benchmark   Google Benchmark binary of *_benchmark.cc, run for an instant by ctest so that it cannot rot
#   NAME_FILE        one libFuzzer binary per *_fuzz.cc (preset fuzz); in every other build a replay of fuzz/corpus/FILE
# DEPS are our libraries (without gw_), SYSTEM are third-party link targets.
function(gw_library NAME)
  cmake_parse_arguments(ARG "" "" "SOURCES;TESTS;BENCHMARKS;FUZZERS;DEPS;SYSTEM;TEST_DEPS" ${ARGN})
  add_library(gw_${NAME} STATIC ${ARG_SOURCES})
  target_include_directories(gw_${NAME} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_compile_options(gw_${NAME} PRIVATE ${GW_WARNINGS})
  list(TRANSFORM ARG_DEPS PREPEND gw_)
  list(TRANSFORM ARG_TEST_DEPS PREPEND gw_)
  target_link_libraries(gw_${NAME} PUBLIC ${ARG_DEPS} ${ARG_SYSTEM})
  if(NOT NAME STREQUAL "pch")
    target_precompile_headers(gw_${NAME} REUSE_FROM gw_pch)
  endif()
  if(ARG_TESTS AND GW_TESTS)
    add_executable(${NAME}_test ${ARG_TESTS})
    target_compile_options(${NAME}_test PRIVATE ${GW_WARNINGS})
    target_include_directories(${NAME}_test PRIVATE ${PROJECT_SOURCE_DIR}/test)
    target_link_libraries(${NAME}_test PRIVATE gw_${NAME} ${ARG_TEST_DEPS} GTest::gtest GTest::gmock GTest::gtest_main)
    target_precompile_headers(${NAME}_test REUSE_FROM gw_pch)
    add_test(NAME ${NAME}_test COMMAND ${NAME}_test WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  endif()
  if(ARG_BENCHMARKS AND GW_TESTS AND NOT GW_SANITIZE)
    add_executable(${NAME}_benchmark ${ARG_BENCHMARKS})
    target_link_libraries(${NAME}_benchmark PRIVATE gw_${NAME} ${ARG_TEST_DEPS} benchmark::benchmark_main benchmark::benchmark)
    target_precompile_headers(${NAME}_benchmark REUSE_FROM gw_pch)
    add_test(NAME ${NAME}_benchmark COMMAND ${NAME}_benchmark --benchmark_min_time=0.001)
  endif()
  if(GW_TESTS)
    foreach(file IN LISTS ARG_FUZZERS)
      get_filename_component(target ${file} NAME_WE)
      if(GW_FUZZ)
        add_executable(${target} ${file})
        target_link_options(${target} PRIVATE -fsanitize=fuzzer)
      else()
        add_executable(${target} ${file} ${PROJECT_SOURCE_DIR}/test/support/fuzz_replay.cc)
        add_test(NAME ${target} COMMAND ${target} ${PROJECT_SOURCE_DIR}/fuzz/corpus/${target})
      endif()
      target_link_libraries(${target} PRIVATE gw_${NAME} ${ARG_TEST_DEPS})
    endforeach()
  endif()
endfunction()

# gw_embed(TARGET VARIABLE-NAMESPACE FILES...): compiles text files into TARGET; read them with util/embedded.h's
# EmbeddedFile("path below src/").
function(gw_embed TARGET NAME)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${NAME}_embedded.cc)
  add_custom_command(OUTPUT ${out}
    COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tools/embed.py ${NAME} ${out} ${PROJECT_SOURCE_DIR}/src ${ARGN}
    DEPENDS ${PROJECT_SOURCE_DIR}/tools/embed.py ${ARGN} VERBATIM)
  target_sources(${TARGET} PRIVATE ${out})
endfunction()
