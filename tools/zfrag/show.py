# SPDX-License-Identifier: BSD-2-Clause
"""What zfrag prints: scenarios and allocators, results, what they mean."""

import textwrap

from . import figures, machine, scenarios, table


def paragraph(text):
    return textwrap.fill(text, 78, initial_indent="    ",
                         subsequent_indent="    ")


def show_list(found, missing):
    print("Scenarios:\n")
    for s in scenarios.TABLE:
        print(f"  {s.name:<15} ({s.letter}) {s.title}; "
              f"phases: {', '.join(s.phases) or 'its own'}")
        print(paragraph(s.description))
    print("\nAllocators:\n")
    for a in found:
        print(f"  {a.name:<15} {a.about()}")
    for name, why in missing.items():
        print(f"  {name:<15} left out: {why}")


LEGEND = """\
RSS     MiB at the end of the phase, without the load's own tables; median
xlive   RSS to what the program has asked for and not freed (live)
xbest   RSS to the least, where live is not known
maps    most mappings at the end of a phase
versus  RSS to the best of the others, geometric mean of the phases
*       the best; zobj/best: zobj's ratio to the best of the others
"""

# Of commands, which have no phases as a rule.
COMMAND_LEGEND = """\
Medians, lowest..highest; * the best; versus: peak RSS to the best other.
Mean RSS is that of the first process, over its samples; peak RSS that of the
largest process of the run.
"""


class Printer:
    """Results on standard output."""

    def __init__(self, markdown):
        self.render = table.as_markdown if markdown else table.as_text
        self.markdown = markdown

    def head(self, text):
        print(f"### {text}\n" if self.markdown else text)

    def scenario(self, rep, result):
        s = result.scenario
        self.head(s.title if s.is_command else f"{s.name}: {s.title}")
        if self.markdown and not s.is_command:
            print(f"{s.description}\n\n    {rep.command_of(s)}\n")
        print(self.render(table.scenario_grid(result)))
        for text in table.remarks(result):
            print("\n" + text if self.markdown else text)
        print(flush=True)

    def report(self, rep, results):
        """All of a report at once."""
        for result in results:
            self.scenario(rep, result)
        self.end(rep, results)

    def end(self, rep, results):
        """What is shown below the scenarios."""
        self.summary(results)
        self.foot(rep)

    def summary(self, results):
        means = figures.summary(results)
        base = means["rss_relative_to"]
        if len(results) > 1 and base:
            self.head("All scenarios and phases, geometric means")
            print(self.render(table.summary_grid(
                base, means["cpu_relative_to_least"])) + "\n")
        if len(results) > 1 and any(map(table.ours, results)):
            self.head(f"{table.OURS} to the best of the others")
            print(self.render(table.ours_grid(results)) + "\n")

    def foot(self, rep):
        """What the words mean, and what the figures depend on."""
        # Documents are for people who have other paths.
        legend = LEGEND if any(r.phases for r in rep.runs) else COMMAND_LEGEND
        lines = [*legend.splitlines(), "",
                 f"machine      {machine.describe(rep.machine)}",
                 *[f"{a.name:<12} {a.about(path=not self.markdown)}"
                   for a in rep.allocators],
                 *[f"{name:<12} left out: {why}"
                   for name, why in (rep.missing | rep.left_out).items()],
                 *[f"note: {note}" for note in rep.notes]]
        indent = "    " if self.markdown else ""
        print("\n".join((indent + line).rstrip() for line in lines),
              flush=True)
