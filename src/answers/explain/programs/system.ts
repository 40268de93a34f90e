import type { ProgramMessage } from './message.ts';

/** Messages of udev, chmem, kdump and shells. */
export const SYSTEM: readonly ProgramMessage[] = [
  {
    program: 'systemd-udevd',
    sources: [],
    reported: 'reports of systemd; neither 252.39 nor 257.13 has it',
    pattern:
      /^(memory\d+): .*Failed to write "(\w+)" to sysfs attribute "(?:[^"]*\/)?(state|online)", ignoring: (.+)$/,
    names: ['block', 'value', 'attribute', 'error'],
    means: 'a rule tried to bring the block online, and the kernel refused: EINVAL if it was online already',
    change: ['nothing, if auto_online_blocks brings memory online: one of the two is enough'],
  },
  {
    program: 'systemd-udevd',
    sources: [
      {
        file: 'src/udev/udev-rules.c',
        fn: 'udev_rule_apply_token_to_event',
        text: 'Failed to write ATTR{%s}, ignoring: %m',
        args: ['/sys/devices/system/memory/memory40/state'],
      },
      {
        file: 'src/udev/udev-rules.c',
        fn: 'udev_rule_apply_token_to_event',
        text: 'Failed to write ATTR{%s}="%s", ignoring: %m',
        args: ['/sys/devices/system/memory/memory40/state', 'online'],
      },
    ],
    pattern: /^(memory\d+): .*Failed to write ATTR\{[^}]*\/(state|online)\}(?:="(\w+)")?, ignoring: (.+)$/,
    names: ['block', 'attribute', 'value', 'error'],
    means: 'a rule tried to bring the block online, and the kernel refused: EINVAL if it was online already',
    change: ['nothing, if auto_online_blocks brings memory online: one of the two is enough'],
  },
  {
    program: 'util-linux',
    sources: [
      {
        file: 'sys-utils/chmem.c',
        fn: 'chmem_size',
        text: '%s enable failed',
        args: ['Memory Block 40 (0x0000000140000000-0x0000000147ffffff)'],
      },
      {
        file: 'sys-utils/chmem.c',
        fn: 'chmem_range',
        text: '%s enable failed',
        args: ['Memory Block 40 (0x0000000140000000-0x0000000147ffffff)'],
      },
      {
        file: 'sys-utils/chmem.c',
        fn: 'chmem_size',
        text: '%s disable failed',
        args: ['Memory Block 40 (0x0000000140000000-0x0000000147ffffff)'],
      },
      {
        file: 'sys-utils/chmem.c',
        fn: 'chmem_range',
        text: '%s disable failed',
        args: ['Memory Block 40 (0x0000000140000000-0x0000000147ffffff)'],
      },
      {
        file: 'sys-utils/chmem.c',
        fn: 'chmem_range',
        text: '%s enable failed: Zone mismatch',
        args: ['Memory Block 40 (0x0000000140000000-0x0000000147ffffff)'],
      },
      {
        file: 'sys-utils/chmem.c',
        fn: 'chmem_range',
        text: '%s disable failed: Zone mismatch',
        args: ['Memory Block 40 (0x0000000140000000-0x0000000147ffffff)'],
      },
    ],
    pattern:
      /^(?:chmem: )?(?:Memory Block (\d+) \((.+?)\)|(?<=^chmem: )) ?(enable|disable) failed(?:: (.+))?$/,
    names: ['block', 'range', 'action', 'error'],
    means: 'the kernel refused the block',
    change: ['mhp why BLOCK'],
  },
  {
    program: 'util-linux',
    sources: [
      { file: 'sys-utils/chmem.c', fn: 'chmem_size', text: 'Could only enable %s of memory' },
      { file: 'sys-utils/chmem.c', fn: 'chmem_size', text: 'Could only disable %s of memory' },
    ],
    pattern: /^chmem: Could only (enable|disable) (.+) of memory$/,
    names: ['action', 'size'],
    means: 'only part of the size could be done',
    change: ['mhp why --all'],
  },
  {
    program: 'kdump',
    sources: [],
    reported: 'reports of kdump-config and kdumpctl',
    pattern:
      /^(?:kdump(?:ctl|-config)?: )?(?:No memory reserved for crash kernel|no crashkernel= parameter in the kernel cmdline)\.?$/,
    means: 'no memory is reserved for a crash kernel',
    change: ['crashkernel=SIZE on the kernel command line'],
  },
  {
    program: 'shell',
    sources: [{ file: 'builtins/common.c', fn: 'sh_wrerror', text: 'write error: %s' }],
    pattern:
      /^(?:-?\w*sh: )?(?:line \d+: )?echo: (?:write error|Schreibfehler|erreur d['’]écriture|error de escritura|errore di scrittura)\s?: (.+)$/i,
    names: ['error'],
    means: 'the kernel refused what was written to a file of sysfs',
    change: ['mhp why BLOCK, if it was the state of a memory block'],
  },
  {
    program: 'shell',
    sources: [],
    reported: 'tee of coreutils, which prints a file and its error',
    pattern: /^tee: '?(\/sys\/devices\/system\/(?:memory|node)\/[^':]+)'?: (.+)$/,
    names: ['path', 'error'],
    means: 'the kernel refused what was written to the file',
    change: ['mhp why BLOCK, if it was the state of a memory block'],
  },
  {
    program: 'shell',
    sources: [{ file: 'src/eval.c', fn: 'evalbltin', text: '%s: I/O error', args: ['echo'] }],
    pattern: /^(?:\S*sh: (?:\d+: )?)?echo: (?:echo: )?I\/O error$/,
    means: 'the kernel refused what was written to a file of sysfs; dash says this for every error',
    change: [
      'mhp why BLOCK, if it was the state of a memory block',
      'bash -c, to see the error; dmesg | mhp explain',
    ],
  },
];
