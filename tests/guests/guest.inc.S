# What the test guests have in common: serial output, the power button, ways to end.
#
# Output goes straight to the UART of COM1. Input comes from INT 16h: on a machine without graphics the firmware
# reads the UART itself and would take the bytes away.

        .set COM1, 0x3f8
        .set LINE_STATUS, COM1 + 5
        # Power management registers where the firmware of the `pc` machine puts them.
        .set PM1_STATUS, 0x600
        .set PM1_ENABLE, 0x602
        .set PM1_CONTROL, 0x604
        .set POWER_BUTTON, 0x0100
        .set SLEEP_S5, 0x2000

# Prints the text at %si up to a zero byte. Not even the firmware's clock says anything in between.
print:
        pushfw
        cli
0:      lodsb
        testb   %al, %al
        jz      2f
        movb    %al, %bl
        movw    $LINE_STATUS, %dx
1:      inb     %dx, %al
        testb   $0x20, %al
        jz      1b
        movw    $COM1, %dx
        movb    %bl, %al
        outb    %al, %dx
        jmp     0b
2:      popfw
        ret

# Prints nmi_text for each NMI from now on. Expects %ax and %ds to be zero.
take_nmi:
        movw    $nmi, 2 * 4
        movw    %ax, 2 * 4 + 2
        ret

nmi:    pushaw
        movw    $nmi_text, %si
        call    print
        popaw
        iretw

# Lets the power button raise its status bit.
enable_power_button:
        movw    $PM1_ENABLE, %dx
        movw    $POWER_BUTTON, %ax
        outw    %ax, %dx
        ret

# Waits for a key, which is returned in %al. Turns itself off if the power button is pressed.
wait_for_key:
        movw    $PM1_STATUS, %dx
        inw     %dx, %ax
        testw   $POWER_BUTTON, %ax
        jnz     power_off
        movb    $1, %ah
        int     $0x16
        jz      1f
        xorb    %ah, %ah
        int     $0x16
        ret
1:      sti
        hlt
        jmp     wait_for_key

power_off:
        movw    $PM1_CONTROL, %dx
        movw    $SLEEP_S5, %ax
        outw    %ax, %dx
        hlt
        jmp     power_off

# Asks the keyboard controller for a reset, as most systems do.
reboot:
        movb    $0xfe, %al
        outb    %al, $0x64
        hlt
        jmp     reboot
