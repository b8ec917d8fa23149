# SPDX-License-Identifier: BSD-2-Clause
"""compare - rows of zbench and whole programs under several allocators.

Read in this order:

allocators  under what: which allocators are installed, and how to load them
rows        what can be run: the rows of zbench, and sets of them
programs    what else can be run: real programs, each with a job
inputs      what the jobs of the programs read
redis       the job of one of them, which needs a client
measure     one run of one row under one allocator: time and peak RSS
rounds      all runs, the allocators taking turns, with progress
record      everything that was measured, and how it is kept in a file
figures     medians, spreads, ratios and means of a record
tables      the same for terminals and Markdown
chart       the same as a picture
cli         the command line

What is not about benchmarks is shared with zfrag, in tools/zfrag.
"""
