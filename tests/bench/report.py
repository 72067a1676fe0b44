"""The figures as a table, as JSON, and as a bar chart (SVG, by gnuplot where it is installed)."""

import json
import os
import platform
import shutil
import subprocess
import time


def machine(directory):
    with open('/proc/cpuinfo', encoding='utf-8', errors='replace') as f:
        models = [line.split(':', 1)[1].strip() for line in f if line.startswith('model name')]
    kind = subprocess.run(['findmnt', '-n', '-o', 'FSTYPE', '-T', directory],
                          capture_output=True, text=True, check=False).stdout.strip()
    return '%d x %s, Linux %s, %s' % (os.cpu_count(), models[0] if models else platform.machine(),
                                      platform.release(), kind or 'unknown file system')


def number(value):
    if value is None:
        return '-'
    if value >= 100:
        return '%.0f' % value
    if value >= 10:
        return '%.1f' % value
    return '%.2f' % value if value >= 0.1 else '%.2g' % value


class Line:
    """A row's outcome. values: {server: figure}, absent where there is none; notes: why, and
    what a server answered instead."""

    def __init__(self, row, label, values, notes):
        self.row, self.label, self.values, self.notes = row, label, values, notes
        ours, theirs = values.get('imapd'), values.get('dovecot')
        self.ratio = ours / theirs if ours is not None and theirs else None

    @property
    def verdict(self):
        if self.ratio is None:
            return '; '.join(self.notes) or 'alone'
        return 'met' if self.ratio <= self.row.reach else 'missed'

    def cells(self):
        unit = '' if self.row.unit == 'ms' else ' ' + self.row.unit
        return [self.label,
                *(number(self.values.get(name)) + (unit if name in self.values else '')
                  for name in ('imapd', 'dovecot')),
                number(self.ratio),
                '%g' % self.row.reach, self.verdict]

    def as_json(self):
        return {'row': self.label, 'unit': self.row.unit, **self.values, 'ratio': self.ratio,
                'wanted': self.row.reach, 'verdict': self.verdict}


def table(head, rows):
    """In Markdown that is aligned for reading as it is."""
    widths = [max(len(r[i]) for r in [head, *rows]) for i in range(len(head))]
    lines = ['| %s |' % ' | '.join(cell.ljust(width) for cell, width in zip(r, widths)).rstrip()
             for r in [head, ['-' * width for width in widths], *rows]]
    return '\n'.join(lines) + '\n'


def growth_rows(growth):
    for operation, by_side in growth.items():
        for name, by_size in by_side.items():
            values = list(by_size.values())
            if None in values:
                times = 'not measured'
            else:
                times = '%.2f' % (values[-1] / values[0]) if values[0] else '-'
            yield [operation, name, *(number(value) for value in values), times]


def text(lines, growth, about):
    out = ['%s: %s\n' % item for item in about.items()]
    out.append('\n' + table(['operation', 'imapd, ms', 'Dovecot, ms', 'ratio', 'wanted', ''],
                            [line.cells() for line in lines]))
    if growth:
        some = next(iter(next(iter(growth.values())).values()))
        head = ['must not grow, ms', 'server', *(format(size, ',') for size in some), 'last/first']
        out.append('\n' + table(head, list(growth_rows(growth))))
    return ''.join(out)


PLOT = """set terminal svg size 1000,{height} dynamic font 'sans-serif,11' background '#ffffff'
set output '{svg}'
set title 'time and memory, Dovecot = 1'
set datafile separator '\\t'
set logscale x
set xrange [0.001:{most}]
set yrange [{rows}:-0.8]
set xtics (0.001, 0.01, 0.1, 1, 10, 100)
set rmargin 10
set xlabel 'imapd / Dovecot; the mark: wanted'
set grid xtics
set style fill solid
set arrow from 1, graph 0 to 1, graph 1 nohead lc rgb '#808080' dt 2
set key off
plot '{data}' using (0.001):0:(0.001):2:($0-0.35):($0+0.35):3:ytic(1) with boxxyerror \\
     lc rgb variable title 'ratio', \\
     '{data}' using 4:($0-0.4):(0):(0.8) with vectors nohead lw 3 lc rgb '#000000' \\
     title 'wanted', \\
     '{data}' using ({most}):0:5 with labels left offset 1,0 title 'figure'
"""


def draw(lines, path):
    """Whether there was something to draw, and somebody to."""
    drawn = [line for line in lines if line.ratio is not None]
    if not drawn or shutil.which('gnuplot') is None:
        return False
    data = path + '.data'
    with open(data, 'w', encoding='utf-8') as f:
        for line in drawn:
            colour = 0x2f7d4f if line.verdict == 'met' else 0xc0653a
            f.write('%s\t%g\t%d\t%g\t%s\n' % (line.label, max(line.ratio, 0.001), colour,
                                             line.row.reach, number(line.ratio)))
    most = max(2.0, 3 * max(line.ratio for line in drawn))
    script = PLOT.format(height=110 + 24 * len(drawn), svg=path, data=data, rows=len(drawn) - 0.2,
                         most=most)
    try:
        subprocess.run(['gnuplot'], input=script, text=True, check=True)
    finally:
        os.unlink(data)
    return True


def write(directory, lines, growth, about):
    """bench.txt, bench.json and bench.svg; returns the names of those that were written."""
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, 'bench.txt'), 'w', encoding='utf-8') as f:
        f.write(text(lines, growth, about))
    with open(os.path.join(directory, 'bench.json'), 'w', encoding='utf-8') as f:
        json.dump({'about': about, 'rows': [line.as_json() for line in lines],
                   'growth': growth}, f, indent=1, ensure_ascii=False)
        f.write('\n')
    names = ['bench.txt', 'bench.json']
    picture = os.path.join(directory, 'bench.svg')
    if draw(lines, picture):
        names.append('bench.svg')
    elif os.path.exists(picture):
        os.unlink(picture)  # of other figures
    return names


def today():
    return time.strftime('%Y-%m-%d')
