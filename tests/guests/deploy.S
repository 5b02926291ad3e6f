# A deploy ramdisk of half a kilobyte: a network boot program that can write a disk's boot sector.
#
# Keys: `w` writes the image to the first disk, `g` ends the ramdisk with a reboot. An NMI makes it say so.

        .code16
        .globl  _start
_start:
        ljmp    $0, $1f
1:      xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movw    $_start, %sp
        call    take_nmi
        sti
        call    enable_power_button
        movw    $ready_text, %si
tell:   call    print
listen: call    wait_for_key
        cmpb    $'g', %al
        je      reboot
        cmpb    $'w', %al
        jne     listen
        movw    $0x0301, %ax
        movw    $image, %bx
        movw    $1, %cx
        movw    $0x0080, %dx
        int     $0x13
        movw    $written_text, %si
        jnc     tell
        movw    $failed_text, %si
        jmp     tell

        .include "guest.inc.S"

ready_text:      .asciz "\r\nDEPLOY: READY\r\n"
written_text:    .asciz "\r\nDEPLOY: IMAGE WRITTEN\r\n"
nmi_text:        .asciz "\r\nDEPLOY: NMI\r\n"
failed_text:     .asciz "\r\nDEPLOY: cannot write\r\n"
        .balign 16
image:  .incbin "disk.bin"
