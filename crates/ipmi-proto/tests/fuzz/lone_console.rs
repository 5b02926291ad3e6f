//! A console that somebody answers who does not have the password.

use super::*;
use ipmi_proto::wire::{AuthCode, OpenSessionGrant, Rakp2Grant};

/// Whatever it is told, it never takes somebody without the password for its managed system: it has no session, takes no
/// answer, sends at most three datagrams for each thing that happens, and gives up in the end.
///
/// With an odd first byte it has logged in before, and only then falls into the wrong hands.
pub(crate) fn console(bytes: &[u8]) {
    let Some((first, script)) = bytes.split_first() else { return };
    let mut alone = Alone::new(*first);
    let mut input = Input(script);
    while let Some(op) = input.byte() {
        match op % 10 {
            0 => alone.hear(&input.chunk()),
            1 => alone.hear(&[&[6, 0, 0xff, 7][..], &input.chunk()].concat()),
            2 => alone.hear(&v20(PayloadType(input.byte().unwrap_or(0) & 0x3f), &input.chunk())),
            3 => {
                let answer = alone.answer(&mut input);
                alone.hear(&answer);
            }
            4 => {
                let mut answer = alone.answer(&mut input);
                let place = input.index(answer.len());
                if let Some(byte) = answer.get_mut(place) {
                    *byte ^= input.byte().unwrap_or(1);
                }
                alone.hear(&answer);
            }
            5 => {
                let mut answer = alone.answer(&mut input);
                answer.truncate(input.index(answer.len() + 1));
                alone.hear(&answer);
            }
            6 => {
                let packet = alone.packet(&mut input);
                alone.hear(&packet);
            }
            7 => alone.wait(u64::from(input.byte().unwrap_or(0)) * 250),
            8 => {
                let request = ConsoleRequest::new(NetFn::CHASSIS, CommandNumber(2), vec![1]);
                alone.console.request(alone.now, request);
                alone.look();
            }
            _ => {
                alone.console.close(alone.now);
                alone.look();
            }
        }
    }
    alone.ends();
}

struct Alone {
    now: Instant,
    console: Console,
    /// The latest datagram that it has sent.
    sent: Vec<u8>,
    /// Its id for the session.
    id: u32,
}

impl Alone {
    fn new(first: u8) -> Self {
        #[allow(clippy::disallowed_methods, reason = "virtual time starts somewhere")]
        let now = Instant::now();
        let suite = CipherSuiteId(SIGNED[usize::from(first >> 1) % SIGNED.len()]);
        let config = ConsoleConfig {
            cipher_suite: if first & 0x80 == 0 { SuiteChoice::Fixed(suite) } else { SuiteChoice::Discover },
            ..ConsoleConfig::new(UserName::new(b"admin").unwrap(), password(GOOD))
        };
        let mut alone =
            Self { now, console: Console::new(config, Box::new(Draws(7))), sent: Vec::new(), id: 0 };
        alone.console.open(now);
        if first & 1 == 0 {
            alone.look();
        } else {
            alone.log_in();
        }
        alone
    }

    /// With its real managed system, which then goes away.
    fn log_in(&mut self) {
        let mut endpoint = World::new(&[]).endpoint;
        loop {
            while let Some(datagram) = self.console.poll_transmit() {
                self.note(&datagram);
                assert!(endpoint.handle_datagram(self.now, STRANGER, &datagram).is_none());
            }
            while let Some(transmit) = endpoint.poll_transmit() {
                self.console.handle_datagram(self.now, &transmit.datagram);
            }
            match self.console.poll_event() {
                Some(ConsoleEvent::Established { .. }) => return,
                Some(other) => panic!("{other:?}"),
                None => {}
            }
        }
    }

    /// Remembers what it has sent, and the id that it gives itself in an Open Session Request.
    fn note(&mut self, datagram: &[u8]) {
        if datagram.get(4..6) == Some(&[6, 0x10]) {
            self.id = u32::from_le_bytes(datagram[20..24].try_into().unwrap());
        }
        self.sent = datagram.to_vec();
    }

    fn hear(&mut self, datagram: &[u8]) {
        self.console.handle_datagram(self.now, datagram);
        self.look();
    }

    fn wait(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
        self.console.handle_timeout(self.now);
        self.look();
    }

    /// What it does now.
    fn look(&mut self) {
        let mut count = 0;
        while let Some(datagram) = self.console.poll_transmit() {
            count += 1;
            self.note(&datagram);
        }
        assert!(count <= 3, "{count} datagrams at once");
        while let Some(event) = self.console.poll_event() {
            assert!(
                !matches!(event, ConsoleEvent::Established { .. } | ConsoleEvent::Answered { .. }),
                "it believes somebody without the password: {event:?}"
            );
        }
    }

    /// Nobody says anything any more.
    fn ends(&mut self) {
        for _ in 0..10_000 {
            let Some(at) = self.console.poll_timeout() else { return };
            self.now = self.now.max(at);
            self.console.handle_timeout(self.now);
            self.look();
        }
        panic!("it goes on for ever");
    }

    /// What its managed system would answer, as far as somebody can who does not have the password; other data if the input
    /// wants them.
    fn answer(&self, input: &mut Input<'_>) -> Vec<u8> {
        let other = input.byte().unwrap_or(0) & 1 != 0;
        let completion = CompletionCode(if other { input.byte().unwrap_or(0) } else { 0 });
        let reply = |request: &LanRequest, input: &mut Input<'_>| {
            let usual: &[u8] = match request.command {
                CommandNumber(0x38) => &[1, 0x80, 4, 2, 0, 0, 0, 0],
                _ => &[1, 0xc0, 3, 1, 0x41, 0x81, 0xc0, 17, 3, 0x44, 0x81],
            };
            let data = if other { input.chunk() } else { usual.to_vec() };
            request.respond(completion, data).to_bytes()
        };
        match Datagram::decode(&self.sent) {
            Ok(Datagram::V15(packet)) => match LanRequest::decode(packet.message) {
                Ok(request) => v15(&reply(&request, input)),
                Err(_) => input.chunk(),
            },
            Ok(Datagram::V20(SessionV20::Sessionless(packet))) => self
                .setup(packet.payload_type, packet.payload, &reply, input)
                .unwrap_or_else(|| input.chunk()),
            _ => self.packet(input),
        }
    }

    fn setup(
        &self,
        payload_type: PayloadType,
        payload: &[u8],
        reply: &dyn Fn(&LanRequest, &mut Input<'_>) -> Bytes,
        input: &mut Input<'_>,
    ) -> Option<Vec<u8>> {
        let mut written = BytesMut::new();
        match payload_type {
            PayloadType::IPMI => {
                let request = LanRequest::decode(payload).ok()?;
                Some(v20(PayloadType::IPMI, &reply(&request, input)))
            }
            PayloadType::OPEN_SESSION_REQUEST => {
                let asked = OpenSessionRequest::decode(payload).ok()?;
                let grant = OpenSessionGrant {
                    maximum_privilege: PrivilegeLevel::ADMINISTRATOR,
                    managed_session_id: SessionId(0x1234),
                    algorithms: asked.algorithms,
                };
                let (tag, console_session_id) = (asked.tag, asked.console_session_id);
                OpenSessionResponse { tag, console_session_id, outcome: Ok(grant) }.encode(&mut written);
                Some(v20(PayloadType::OPEN_SESSION_RESPONSE, &written))
            }
            PayloadType::RAKP_1 => {
                let asked = Rakp1::decode(payload).ok()?;
                let grant = Rakp2Grant {
                    managed_random: RandomNumber([input.byte().unwrap_or(0); 16]),
                    guid: Guid([9; 16]),
                    auth_code: AuthCode::new(&input.chunk()).ok()?,
                };
                let console_session_id = SessionId(self.id);
                Rakp2 { tag: asked.tag, console_session_id, outcome: Ok(grant) }.encode(&mut written);
                Some(v20(PayloadType::RAKP_2, &written))
            }
            PayloadType::RAKP_3 => {
                let asked = Rakp3::decode(payload).ok()?;
                let outcome = Ok(AuthCode::new(&input.chunk()).ok()?);
                Rakp4 { tag: asked.tag, console_session_id: SessionId(self.id), outcome }
                    .encode(&mut written);
                Some(v20(PayloadType::RAKP_4, &written))
            }
            _ => None,
        }
    }

    /// A packet of its session, signed with nothing that counts.
    fn packet(&self, input: &mut Input<'_>) -> Vec<u8> {
        let kind = input.byte().unwrap_or(0xc0);
        let sequence = u32::from(input.byte().unwrap_or(1));
        let payload = input.chunk();
        let len = u16::try_from(payload.len()).unwrap();
        let trailer = input.chunk();
        [
            &[6, 0, 0xff, 7, 6, kind][..],
            &self.id.to_le_bytes(),
            &sequence.to_le_bytes(),
            &len.to_le_bytes(),
            &payload,
            &trailer,
        ]
        .concat()
    }
}
