#include <iostream>

#include "scenarios/command_line.h"

int main(int argc, char** argv) { return raftly::ScenariosMain({argv + 1, argv + argc}, std::cout, std::cerr); }
