# A disk that knows whether its first boot ran to its end. One boot sector.
#
# It keeps its life in a byte of its own sector: fresh, then in its first boot, then configured. A disk whose
# first boot was cut off says BROKEN for ever. It always acts first and prints afterwards, so that a text on the
# serial line means that the thing has happened.
#
# Keys: `c` ends the first boot, `r` reboots, `p` turns the machine off, `d` makes it deaf to the power button.
# An NMI makes it say so.

        .code16
        .globl  _start
_start:
        ljmp    $0, $1f
1:      xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movw    $_start, %sp
        movb    %dl, drive
        call    take_nmi
        sti
        call    enable_power_button
        movb    life, %al
        cmpb    $FRESH, %al
        je      first_boot
        cmpb    $CONFIGURED, %al
        je      usual_boot
        movb    $BROKEN, %al
        call    keep
        movw    $broken_text, %si
        jmp     tell
first_boot:
        movb    $IN_FIRST_BOOT, %al
        call    keep
        movw    $first_text, %si
        jmp     tell
usual_boot:
        movw    $usual_text, %si
tell:   call    print
listen: call    wait_for_key
        cmpb    $'c', %al
        je      configured
        cmpb    $'r', %al
        je      reboot
        cmpb    $'p', %al
        je      power_off
        cmpb    $'d', %al
        jne     listen
        movw    $PM1_ENABLE, %dx
        xorw    %ax, %ax
        outw    %ax, %dx
        movw    $deaf_text, %si
        jmp     tell
configured:
        cmpb    $IN_FIRST_BOOT, life
        jne     listen
        movb    $CONFIGURED, %al
        call    keep
        movw    $configured_text, %si
        jmp     tell

# Writes the byte in %al, and with it the sector, to the disk.
keep:
        movb    %al, life
        movw    $0x0301, %ax
        movw    $_start, %bx
        movw    $1, %cx
        xorb    %dh, %dh
        movb    drive, %dl
        int     $0x13
        jc      failed
        ret
failed: movw    $failed_text, %si
        call    print
        hlt
        jmp     failed

        .include "guest.inc.S"

        .set FRESH, 0
        .set IN_FIRST_BOOT, 1
        .set CONFIGURED, 2
        .set BROKEN, 3
life:   .byte   FRESH
drive:  .byte   0
first_text:      .asciz "\r\nDISK: FIRST BOOT\r\n"
configured_text: .asciz "\r\nDISK: CONFIGURED\r\n"
usual_text:      .asciz "\r\nDISK: BOOT\r\n"
broken_text:     .asciz "\r\nDISK: BROKEN\r\n"
deaf_text:       .asciz "\r\nDISK: DEAF\r\n"
nmi_text:        .asciz "\r\nDISK: NMI\r\n"
failed_text:     .asciz "\r\nDISK: cannot write\r\n"
        .org    510
        .word   0xaa55
