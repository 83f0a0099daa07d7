# Dynamic modules for Debian's nginx, built against the headers of its nginx-dev package.
#
# The package holds the sources' headers and the flags that the binary was configured with; a copy in the build tree is
# configured with them once, which makes objs/ngx_auto_config.h and with it the signature that nginx checks on load.
set(GW_NGINX_SOURCE /usr/share/nginx/src CACHE PATH "nginx headers as nginx-dev installs them")
set(GW_NGINX_BUILD ${CMAKE_BINARY_DIR}/nginx-headers)

function(gw_nginx_configure)
  set(stamp ${GW_NGINX_BUILD}/objs/ngx_auto_config.h)
  if(EXISTS ${stamp} AND NOT ${GW_NGINX_SOURCE}/conf_flags IS_NEWER_THAN ${stamp})
    return()
  endif()
  message(STATUS "Configuring the nginx headers")
  file(REMOVE_RECURSE ${GW_NGINX_BUILD})
  file(COPY ${GW_NGINX_SOURCE}/ DESTINATION ${GW_NGINX_BUILD})
  execute_process(
    COMMAND bash -c ". ./conf_flags && ./configure \"\${NGX_CONF_FLAGS[@]}\""
    WORKING_DIRECTORY ${GW_NGINX_BUILD} RESULT_VARIABLE failed OUTPUT_VARIABLE log ERROR_VARIABLE log)
  if(failed)
    message(FATAL_ERROR "nginx headers: configure failed\n${log}")
  endif()
endfunction()

gw_nginx_configure()
add_library(gw_nginx_headers INTERFACE)
target_include_directories(gw_nginx_headers SYSTEM INTERFACE
  ${GW_NGINX_BUILD}/src/core ${GW_NGINX_BUILD}/src/event ${GW_NGINX_BUILD}/src/event/modules
  ${GW_NGINX_BUILD}/src/os/unix ${GW_NGINX_BUILD}/src/http ${GW_NGINX_BUILD}/src/http/modules
  ${GW_NGINX_BUILD}/src/http/v2 ${GW_NGINX_BUILD}/src/stream ${GW_NGINX_BUILD}/objs)

# gw_nginx_module(NAME SOURCES ... DEPS ...): modules/NAME.so of the build tree. Only what nginx looks up is exported.
function(gw_nginx_module NAME)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_library(${NAME} MODULE ${ARG_SOURCES})
  set_target_properties(${NAME} PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/modules
    LINK_DEPENDS ${PROJECT_SOURCE_DIR}/src/nginx/module.map C_VISIBILITY_PRESET default)
  target_compile_options(${NAME} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:${GW_WARNINGS}>)
  target_link_options(${NAME} PRIVATE -Wl,--version-script=${PROJECT_SOURCE_DIR}/src/nginx/module.map)
  target_link_libraries(${NAME} PRIVATE gw_nginx_headers ${ARG_DEPS})
endfunction()
