// Looks at other processes through /proc. Any thread; what is gone or not readable is simply not
// there.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace silverback::cli {

bool IsAlive(pid_t pid);  // not a zombie

// Its command line as ps shows it: nginx writes there what the process is.
std::string TitleOf(pid_t pid);
bool IsNginxMaster(pid_t pid);
bool IsNginxWorker(pid_t pid);  // one that has started: before, it has its master's title

pid_t ParentOf(pid_t pid);  // 0: not known
std::vector<pid_t> ChildrenOf(pid_t pid);

// Workers that have lost their master and still have `mapped_file` open in memory.
std::vector<pid_t> WorkersWithoutMaster(const std::string& mapped_file);

}  // namespace silverback::cli
